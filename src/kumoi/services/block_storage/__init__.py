"""Volumes and snapshots (OpenStack Block Storage API v3)."""

NEEDS = ("image",)
"""Services that a cloud with this one has too."""

ORDER = (
    "deadlines",
    "errors",
    "fields",
    "pool",
    "listing",
    "messages",
    "failures",
    "absent",
    "volume_types",
    "qos_specs",
    "encryption",
    "group_types",
    "group_rows",
    "snapshot_rows",
    "attachment_rows",
    "backup_rows",
    "transfer_rows",
    "services",
    "volumes",
    "snapshots",
    "backups",
    "transfers",
    "groups",
    "group_snapshots",
    "attachments",
    "extensions",
    "resource_filters",
    "quota_sets",
    "hosts",
    "capabilities",
    "scheduler_stats",
    "metadata",
    "limits",
    "availability_zones",
    "volume_actions",
    "default_types",
)
"""A room may import the rooms listed before it. tests/architecture/test_order.py checks this."""
