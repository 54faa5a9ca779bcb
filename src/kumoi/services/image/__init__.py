"""Images that servers and volumes start from (OpenStack Image API v2)."""

ORDER = ("errors", "offers", "info", "images", "schemas", "data", "members", "absent")
"""What a room may import within the service: what stands before it. tests/architecture/test_order.py checks it."""
