"""Disks: image bases, volumes and snapshots."""
