"""The object store: accounts, containers and objects (OpenStack Object Storage API v1)."""

ORDER = (
    "errors", "limits", "access", "grants", "policies", "asked", "stores", "signed", "realms", "synced", "conditions",
    "specials", "crossing", "listings", "rates", "pace", "info", "accounts", "versions", "containers", "objects",
    "bulk", "forms", "web", "sync",
)  # fmt: skip
"""What a room may import within the service: what stands before it. tests/architecture/test_order.py checks it."""
