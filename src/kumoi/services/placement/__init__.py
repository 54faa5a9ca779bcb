"""Capacity and usage of hosts (OpenStack Placement API). Every claim is one transaction."""

ORDER = (
    "errors",
    "amounts",
    "freshness",
    "resource_classes",
    "queries",
    "resource_providers",
    "inventories",
    "aggregates",
    "allocations",
    "usages",
    "traits",
    "allocation_candidates",
    "reshaper",
)
"""A room may import the rooms listed before it. tests/architecture/test_order.py checks this."""
