"""Ports in the topology, and their state back from it."""
