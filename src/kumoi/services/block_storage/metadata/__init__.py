"""Metadata of volumes and snapshots: names and texts of their owner."""
