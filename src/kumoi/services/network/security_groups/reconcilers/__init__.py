"""Security groups in the topology."""
