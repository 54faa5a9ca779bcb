"""Agents: the network side of each host, read only."""
