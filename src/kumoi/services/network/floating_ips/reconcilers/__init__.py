"""Floating IPs in the topology."""
