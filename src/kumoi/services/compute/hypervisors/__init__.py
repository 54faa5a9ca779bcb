"""Hypervisors: hosts as admins see them."""
