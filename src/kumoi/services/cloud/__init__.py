"""Kumoi's own API (`/kumoi/v1`): operations, events, changes, sessions, permissions, the overview, dependents, OpenAPI
documents, dry runs of placement, audits, the quotas of all projects."""

ORDER = (
    "errors",
    "openapi",
    "permissions",
    "session",
    "placement",
    "work",
    "events",
    "changes",
    "dependents",
    "overview",
    "reachability",
    "audits",
    "quotas",
)
"""A room may import the rooms listed before it. tests/architecture/test_order.py checks this."""
