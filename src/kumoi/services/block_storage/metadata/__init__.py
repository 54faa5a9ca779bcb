"""Metadata of volumes and of snapshots: names and texts that their owner gives."""
