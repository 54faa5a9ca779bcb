"""Backups: copies of volumes that need neither the volume nor its image."""
