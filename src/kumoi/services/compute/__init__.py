"""Computers: flavors, keypairs, servers (OpenStack Compute API v2.1, microversions)."""

NEEDS = ("block_storage", "image", "network", "placement")
"""Services that a cloud with this one has too."""

ORDER = (
    "errors",
    "words",
    "shortfalls",
    "flavors",
    "keypairs",
    "hosts",
    "aggregate_rows",
    "server_group_rows",
    "past_servers",
    "services",
    "quota_sets",
    "absent",
    "extensions",
    "availability_zones",
    "limits",
    "block_devices",
    "migrations",
    "servers",
    "server_groups",
    "aggregates",
    "usages",
    "interfaces",
    "volume_attachments",
    "instance_actions",
    "consoles",
    "server_tags",
    "server_metadata",
    "server_security_groups",
    "server_floating_ips",
    "server_password",
    "hypervisors",
    "server_actions",
    "server_resize",
    "server_rebuild",
    "guests",
    "server_addresses",
)
"""A room may import the rooms listed before it. tests/architecture/test_order.py checks this."""
