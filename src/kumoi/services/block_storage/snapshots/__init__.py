"""Snapshots: copies of a volume at one instant."""
