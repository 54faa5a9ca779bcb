"""Kumoi's own API (`/kumoi/v1`): operations, events, OpenAPI documents, dry runs of placement."""

ORDER = ("errors", "openapi", "placement", "work", "events")
"""A room may import the rooms listed before it. tests/architecture/test_order.py checks this."""
