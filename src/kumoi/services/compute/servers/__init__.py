"""Servers: virtual machines, from the request to the guest and back to nothing."""
