"""The operations that copy a server's root disk into an image."""
