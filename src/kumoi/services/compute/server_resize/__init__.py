"""Resizing servers: to another flavor on their host, until the change is confirmed or reverted."""
