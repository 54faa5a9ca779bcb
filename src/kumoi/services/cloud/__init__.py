"""What OpenStack has no word for: the operations at work, the events, the API's own description (`/kumoi/v1`)."""

ORDER = ("errors", "openapi", "placement", "work", "events")
"""What a room may import within the service: what stands before it. tests/architecture/test_order.py checks it."""
