"""Identity: users, their permissions, and the catalogue of services."""

ORDER = (
    "passwords",
    "fields",
    "errors",
    "options",
    "names",
    "listing",
    "additional",
    "logins",
    "policy",
    "catalog",
    "project_rows",
    "users",
    "domains",
    "projects",
    "groups",
    "roles",
    "assignments",
    "application_credentials",
    "tokens",
    "credentials",
)
"""A room may import the rooms listed before it. tests/architecture/test_order.py checks this."""
