"""Security groups of the tables → the topology's."""

import sqlalchemy as sa

from kumoi.engines.network.interface import SecurityGroupSpec, SecurityRule
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import Reconciler
from kumoi.services.network.security_groups import logic, store
from kumoi.services.network.security_groups.models import SecurityGroupRuleRow
from kumoi.services.network.security_groups.models import security_groups as security_groups_table
from kumoi.services.network.topology import Part


def desired(tx: Transaction, group_ids: list[str]) -> dict[str, SecurityGroupSpec]:
    """id → desired content. Deleted groups are missing."""
    rows = store.by_ids(tx, group_ids)
    rules = store.rules_of(tx, list(rows))
    return {
        group_id: SecurityGroupSpec(
            id=group_id,
            name=row["name"],
            stateful=row["stateful"],
            rules=[_rule(one) for one in rules.get(group_id, [])],
        )
        for group_id, row in rows.items()
    }


def _rule(row: SecurityGroupRuleRow) -> SecurityRule:
    return SecurityRule(
        id=row["id"],
        direction=row["direction"],
        ethertype=row["ethertype"],
        protocol=row["protocol"],
        port_min=row["port_range_min"],
        port_max=row["port_range_max"],
        remote_prefix=row["remote_ip_prefix"],
        remote_group_id=row["remote_group_id"],
    )


PART = Part(logic.KIND, ids=sa.select(security_groups_table.c.id), content=SecurityGroupSpec, desired=desired)
RECONCILER = Reconciler(PART.kind, PART.bring, order=10)
