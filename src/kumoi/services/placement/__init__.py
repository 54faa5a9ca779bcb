"""What hosts have and who uses it (OpenStack Placement API): every claim of room is one transaction."""

ORDER = (
    "errors",
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
"""What a room may import within the service: what stands before it. tests/architecture/test_order.py checks it."""
