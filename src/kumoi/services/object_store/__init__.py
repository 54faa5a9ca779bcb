"""The object store: accounts, containers and objects (OpenStack Object Storage API v1)."""

ORDER = ("errors", "limits", "access", "asked", "stores", "listings", "info", "accounts", "containers", "objects")
"""A room may import the rooms listed before it. tests/architecture/test_order.py checks this."""
