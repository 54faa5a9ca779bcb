"""S3's API on the objects of the object store."""

NEEDS = ("object_store",)
ORDER = (
    "errors",
    "hosts",
    "asked",
    "signatures",
    "checksums",
    "chunks",
    "xml",
    "buckets",
    "policies",
    "versions",
    "acls",
    "settings",
    "cors",
    "tags",
    "lifecycle",
    "parts",
    "objects",
    "uploads",
    "forms",
    "requests",
)
"""A room may import the rooms listed before it. tests/architecture/test_order.py checks this."""
