"""Identity: who somebody is, what they may do where, and where every service answers."""

ORDER = (
    "passwords",
    "fields",
    "errors",
    "options",
    "names",
    "listing",
    "logins",
    "policy",
    "catalog",
    "users",
    "projects",
    "domains",
    "groups",
    "roles",
    "assignments",
    "application_credentials",
    "tokens",
    "credentials",
)
"""What a room may import within the service: what stands before it. tests/architecture/test_order.py checks it."""
