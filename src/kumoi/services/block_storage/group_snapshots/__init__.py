"""Snapshots of all volumes of a group."""
