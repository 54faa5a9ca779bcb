"""The SQL of security group rules."""

from collections.abc import Mapping
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.quotas import Quota
from kumoi.kernel.who import Who
from kumoi.services.network import spelling
from kumoi.services.network.listing import Asked, Listing, Visible, alternatives
from kumoi.services.network.security_group_rules.protocols import ETHERTYPES
from kumoi.services.network.security_groups.models import (
    SecurityGroupRuleDetails,
    SecurityGroupRuleRow,
)
from kumoi.services.network.security_groups.models import security_group_rules as security_group_rules_table
from kumoi.services.network.security_groups.models import (
    security_groups as security_groups_table,
)
from kumoi.services.network.tags import store as tags_store


def _by_prefix(values: list[str]) -> sa.ColumnElement[bool]:
    """Matches every spelling of a prefix. "Any address" has no network, so only its spellings are compared."""
    spelled = [spelling.prefix(value) for value in values]
    narrow = [text for text in spelled if "/" in text and not text.endswith("/0")]
    return sa.or_(
        security_group_rules_table.c.remote_ip_prefix.in_([*values, *spelled]),
        security_group_rules_table.c.remote_network.in_(narrow),
    )


def _ethertype(text: str) -> str:
    return ETHERTYPES.get(text.lower(), text)


LISTING = Listing(
    security_group_rules_table,
    {
        name: security_group_rules_table.c[name]
        for name in (
            "security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max",
            "remote_ip_prefix", "remote_group_id",
        )
    },
    special={"remote_ip_prefix": _by_prefix},
    spelled={"ethertype": _ethertype, "protocol": str.lower, "direction": str.lower},
)  # fmt: skip


def visible(who: Who) -> Visible:
    """The project's own, and those of others in its groups."""
    project_id = who.only_project
    if project_id is None:
        return None
    own = sa.select(security_groups_table.c.id).where(security_groups_table.c.project_id == project_id)
    return alternatives(
        security_group_rules_table.c.project_id, project_id, security_group_rules_table.c.security_group_id.in_(own)
    )


def page(tx: Transaction, who: Who, asked: Asked) -> list[SecurityGroupRuleDetails]:
    return tagged(tx, LISTING.rows(tx, asked, visible(who), is_admin=who.sees(None)))


def find_visible(tx: Transaction, who: Who, rule_id: str) -> SecurityGroupRuleRow | None:
    row = tx.row(security_group_rules_table, id=rule_id)
    if row is None or who.sees(row["project_id"]):
        return row
    group = tx.row(security_groups_table, id=row["security_group_id"])
    return row if group is not None and who.sees(group["project_id"]) else None


_MEANING = (
    "security_group_id", "direction", "ethertype", "port_range_min", "port_range_max", "remote_network",
    "remote_group_id",
)  # fmt: skip


class AlikeRule(TypedDict):
    id: str
    protocol: str | None


def alike(tx: Transaction, row: Mapping[str, Any]) -> list[AlikeRule]:
    """The group's rules that differ from this one only in the protocol."""
    return tx.all(
        sa.select(security_group_rules_table.c.id, security_group_rules_table.c.protocol).where(
            *(security_group_rules_table.c[name] == row[name] for name in _MEANING)
        ),
        AlikeRule,
    )


def tagged(tx: Transaction, rows: list[SecurityGroupRuleRow]) -> list[SecurityGroupRuleDetails]:
    found = tags_store.of(tx, [row["id"] for row in rows])
    return [{**row, "tags": found.get(row["id"], [])} for row in rows]


def insert(tx: Transaction, row: SecurityGroupRuleRow) -> None:
    tx.insert_row(security_group_rules_table, row)


def delete(tx: Transaction, rule_id: str) -> None:
    tags_store.forget(tx, [rule_id])
    tx.execute(security_group_rules_table.delete().where(security_group_rules_table.c.id == rule_id))


SECURITY_GROUP_RULE = Quota(
    "network", "security_group_rule", 100, Count("network.security_group_rule", security_group_rules_table.c.project_id)
)
