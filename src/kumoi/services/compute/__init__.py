"""Computers: flavors, keypairs, servers (OpenStack Compute API v2.1, microversions)."""
