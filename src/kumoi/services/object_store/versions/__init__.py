"""Versions that a container keeps of its objects itself (`X-Versions-Enabled`)."""
