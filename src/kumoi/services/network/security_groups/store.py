"""The SQL of security groups."""

from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.quotas import Quota
from kumoi.kernel.who import Who
from kumoi.services.network import standard_attributes
from kumoi.services.network.listing import Asked, Listing
from kumoi.services.network.security_groups.models import (
    SecurityGroupRow,
    SecurityGroupRuleRow,
    security_group_rules,
    security_groups,
)
from kumoi.services.network.tags import store as tags_store

LISTING = Listing(security_groups, {"stateful": security_groups.c.stateful, "is_default": security_groups.c.is_default})


def visible(who: Who) -> sa.ColumnElement[bool] | None:
    project_id = who.only_project
    return None if project_id is None else security_groups.c.project_id == project_id


def page(tx: Transaction, who: Who, asked: Asked) -> list[SecurityGroupRow]:
    return LISTING.rows(tx, asked, visible(who), is_admin=who.sees(None))


def find(tx: Transaction, group_id: str) -> SecurityGroupRow | None:
    return tx.row(security_groups, id=group_id)


def by_ids(tx: Transaction, group_ids: Sequence[str]) -> dict[str, SecurityGroupRow]:
    return {row["id"]: row for row in tx.rows(security_groups, id=group_ids)} if group_ids else {}


def by_name(tx: Transaction, project_id: str, name: str) -> list[SecurityGroupRow]:
    order = (security_groups.c.created_at, security_groups.c.id)
    return tx.rows(security_groups, *order, project_id=project_id, name=name)


def default_of(tx: Transaction, project_id: str) -> SecurityGroupRow | None:
    return tx.row(security_groups, project_id=project_id, is_default=True)


def rules_of(tx: Transaction, group_ids: Sequence[str]) -> dict[str, list[SecurityGroupRuleRow]]:
    """group id → its rules, oldest first."""
    found: dict[str, list[SecurityGroupRuleRow]] = {}
    if group_ids:
        query = sa.select(security_group_rules).where(security_group_rules.c.security_group_id.in_(group_ids))
        for row in tx.all(
            query.order_by(security_group_rules.c.created_at, security_group_rules.c.id), SecurityGroupRuleRow
        ):
            found.setdefault(row["security_group_id"], []).append(row)
    return found


def insert(tx: Transaction, row: SecurityGroupRow, rules: list[SecurityGroupRuleRow]) -> None:
    tx.insert_row(security_groups, row)
    tx.insert_many(security_group_rules, rules)


def change(tx: Transaction, group_id: str, **values: Any) -> None:
    standard_attributes.change(tx, security_groups, group_id, **values)


def delete(tx: Transaction, group_id: str) -> None:
    rules = sa.select(security_group_rules.c.id).where(security_group_rules.c.security_group_id == group_id)
    tags_store.forget(tx, [group_id, *(row[0] for row in tx.execute(rules))])
    tx.execute(security_group_rules.delete().where(security_group_rules.c.security_group_id == group_id))
    tx.execute(security_groups.delete().where(security_groups.c.id == group_id))


def delete_rules(tx: Transaction, rule_ids: list[str]) -> None:
    tags_store.forget(tx, rule_ids)
    tx.execute(security_group_rules.delete().where(security_group_rules.c.id.in_(rule_ids)))


class RuleOfGroup(TypedDict):
    id: str
    security_group_id: str


def rules_naming(tx: Transaction, group_id: str) -> list[RuleOfGroup]:
    """Rules of other groups that refer to this group."""
    query = sa.select(security_group_rules.c.id, security_group_rules.c.security_group_id).where(
        security_group_rules.c.remote_group_id == group_id, security_group_rules.c.security_group_id != group_id
    )
    return tx.all(query, RuleOfGroup)


SECURITY_GROUP = Quota("network", "security_group", 10, Count("network.security_group", security_groups.c.project_id))
