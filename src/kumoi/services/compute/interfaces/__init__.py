"""Interfaces: the network cards of a server, plugged in and taken out while it lives."""
