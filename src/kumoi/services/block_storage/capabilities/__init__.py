"""Capabilities of a host's storage."""
