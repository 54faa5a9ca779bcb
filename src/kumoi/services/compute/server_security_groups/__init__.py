"""Security groups of a server: those of its ports."""
