"""Images that servers and volumes start from (OpenStack Image API v2)."""

ORDER = (
    "errors",
    "offers",
    "stores",
    "info",
    "images",
    "metadefs",
    "contents",
    "downloads",
    "data",
    "members",
    "tasks",
    "schemas",
)
"""A room may import the rooms listed before it. tests/architecture/test_order.py checks this."""
