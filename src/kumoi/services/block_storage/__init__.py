"""Volumes and snapshots (OpenStack Block Storage API v3)."""
