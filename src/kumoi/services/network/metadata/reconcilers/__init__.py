"""Metadata on the hosts that hold ports of a network."""
