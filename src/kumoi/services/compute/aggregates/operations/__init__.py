"""The operations of aggregates."""
