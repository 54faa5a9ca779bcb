"""Networks: layer 2 and 3, addresses, floating IPs and security groups (OpenStack Network API v2.0)."""

ORDER = (
    "errors",
    "ownership",
    "bodies",
    "spelling",
    "standard_attributes",
    "addresses",
    "tags",
    "listing",
    "topology",
    "security_groups",
    "ports",
    "networks",
    "quotas",
    "extensions",
    "availability_zones",
    "subnetpools",
    "subnets",
    "routers",
    "metadata",
    "floating_ips",
    "security_group_rules",
    "router_interfaces",
    "agents",
    "ip_availability",
)
"""A room may import the rooms listed before it. tests/architecture/test_order.py checks this."""
