"""What this image service offers beyond the plain way."""

IMPORT_METHODS = ("glance-direct",)
"""Ways of import: bytes staged before. Others (the service fetching from the web) are not built."""
STORE = "files"
