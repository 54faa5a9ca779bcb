"""Rebuilding servers: a new root disk from an image, with the same cards, volumes and id."""
