"""Every table belongs to a resource whose changes are told, or says that it belongs to none."""

from typing import Any

import pytest
import sqlalchemy as sa

from kumoi import app
from kumoi.kernel import changes
from kumoi.kernel.database import metadata

app.load_services()
TABLES = {name: table for name, table in metadata.tables.items() if not name.startswith("toy_")}
WATCHED = {name: one for name, one in changes.watched().items() if name in TABLES}
OF_THE_KERNEL = {"kernel_operations", "kernel_quota_limits"}

RESOURCES = {
    "block_storage": {
        "attachment", "backup", "default_type", "group_snapshot", "group_type",
        "message", "qos_spec", "snapshot", "transfer", "volume", "volume_group", "volume_type",
    },
    "cloud": {"operation", "quota"},
    "compute": {"aggregate", "flavor", "host", "keypair", "server", "server_group"},
    "identity": {
        "application_credential", "credential", "endpoint", "group", "project", "region", "role", "role_assignment",
        "service", "user",
    },
    "image": {"image", "metadef_namespace"},
    "network": {
        "floating_ip", "network", "port", "router", "security_group", "security_group_rule", "subnet", "subnetpool",
    },
    "placement": {"resource_class", "resource_provider", "trait"},
}  # fmt: skip
"""What clients read about. A new resource is named here."""


def test_each_table_is_watched_or_says_why_not() -> None:
    unseen = {name for name in TABLES if name not in WATCHED}
    silent = {name for name in unseen if not name.startswith("kernel_") and TABLES[name].info != changes.UNSEEN}
    assert silent == set()
    assert {name for name in WATCHED if name.startswith("kernel_")} == OF_THE_KERNEL


def test_the_resources() -> None:
    found: dict[str, set[str]] = {}
    for one in WATCHED.values():
        found.setdefault(one.service, set()).add(one.resource)
    assert found == RESOURCES


@pytest.mark.parametrize("name", sorted(WATCHED))
def test_what_a_trigger_writes_fits(name: str) -> None:
    """PostgreSQL refuses a longer text, and with it the change."""
    one = WATCHED[name]
    above = one.parent or one
    for column, into in ((above.key, "key"), (above.project, "project_id"), (above.user, "user_id")):
        if column is not None:
            fits(above.table.c[column], into)
    if one.grantee is not None:
        fits(one.table.c[one.grantee], "project_id")
    assert one.everyone == "FALSE" or not any(column.nullable for column in flags(above.table))


def fits(column: sa.Column[Any], into: str) -> None:
    assert isinstance(column.type, sa.String) and column.type.length is not None
    assert column.type.length <= changes.changes.c[into].type.length
    assert into != "key" or not column.nullable


def flags(table: sa.Table) -> list[sa.Column[Any]]:
    return [table.c[name] for name in ("shared", "external", "is_public", "visibility") if name in table.c]
