"""Routers in the topology."""
