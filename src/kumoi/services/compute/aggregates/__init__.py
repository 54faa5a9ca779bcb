"""Aggregates: groups of hosts with metadata. One with an availability zone makes its hosts that zone."""
