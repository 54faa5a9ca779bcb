"""The optional features of this image service."""

IMPORT_METHODS = ("glance-direct",)
"""Ways of import: bytes staged before. Others (the service fetching from the web) are not built."""
STORE = "files"
