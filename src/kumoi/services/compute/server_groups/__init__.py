"""Server groups: servers that run on the same host, or on different ones."""
