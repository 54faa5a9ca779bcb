"""Buckets: the containers of the caller's project."""
