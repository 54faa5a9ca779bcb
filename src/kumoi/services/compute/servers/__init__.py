"""Servers: virtual machines."""
