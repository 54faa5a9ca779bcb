"""Objects: bytes under a name."""
