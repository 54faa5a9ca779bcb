"""All SQL of security group rules."""

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.quotas import Quota
from kumoi.kernel.who import Who
from kumoi.services.network.listing import Asked, Listing
from kumoi.services.network.security_group_rules.models import SecurityGroupRuleDetails, SecurityGroupRuleRow
from kumoi.services.network.security_group_rules.models import security_group_rules as rules
from kumoi.services.network.security_groups.models import security_groups
from kumoi.services.network.tags import store as tags

LISTING = Listing(
    rules,
    {
        name: rules.c[name]
        for name in (
            "security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max",
            "remote_ip_prefix", "remote_group_id",
        )
    },
)  # fmt: skip


def visible(who: Who) -> sa.ColumnElement[bool] | None:
    """The project's own, and all in its groups."""
    project_id = who.only_project
    if project_id is None:
        return None
    own = sa.select(security_groups.c.id).where(security_groups.c.project_id == project_id)
    return sa.or_(rules.c.project_id == project_id, rules.c.security_group_id.in_(own))


def page(tx: Transaction, who: Who, asked: Asked) -> list[SecurityGroupRuleDetails]:
    return tagged(tx, LISTING.rows(tx, asked, visible(who), is_admin=who.sees(None)))


def find_visible(tx: Transaction, who: Who, rule_id: str) -> SecurityGroupRuleRow | None:
    query = sa.select(rules).where(rules.c.id == rule_id)
    condition = visible(who)
    return tx.one(query if condition is None else query.where(condition), SecurityGroupRuleRow)


def alike(tx: Transaction, group_id: str, direction: str, ethertype: str) -> list[SecurityGroupRuleRow]:
    """Rules of the group that a new one might repeat."""
    query = sa.select(rules).where(
        rules.c.security_group_id == group_id, rules.c.direction == direction, rules.c.ethertype == ethertype
    )
    return tx.all(query, SecurityGroupRuleRow)


def tagged(tx: Transaction, rows: list[SecurityGroupRuleRow]) -> list[SecurityGroupRuleDetails]:
    found = tags.of(tx, [row["id"] for row in rows])
    return [{**row, "tags": found.get(row["id"], [])} for row in rows]


def insert(tx: Transaction, row: SecurityGroupRuleRow) -> None:
    tx.insert_row(rules, row)


def delete(tx: Transaction, rule_id: str) -> None:
    tags.forget(tx, [rule_id])
    tx.execute(rules.delete().where(rules.c.id == rule_id))


def count_of_project(tx: Transaction, project_id: str) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).where(rules.c.project_id == project_id)) or 0)


SECURITY_GROUP_RULE = Quota("network", "security_group_rule", 100, count_of_project)
