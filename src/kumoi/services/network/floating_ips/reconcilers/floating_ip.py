"""Floating IPs of the tables → the topology's, and back that they are there."""

import sqlalchemy as sa

from kumoi.engines.network.interface import FloatingIpSpec
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import Reconciler, View
from kumoi.services.network.floating_ips import logic, store
from kumoi.services.network.floating_ips.models import floating_ips as floating_ips_table
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import ACTIVE
from kumoi.services.network.topology import Part


def desired(tx: Transaction, floating_ip_ids: list[str]) -> dict[str, FloatingIpSpec]:
    """id → desired content. Deleted and unassociated ones are missing."""
    rows = [row for row in store.by_ids(tx, floating_ip_ids).values() if row["port_id"] is not None]
    own = ports_store.by_ids(tx, [row["floating_port_id"] for row in rows])
    return {
        row["id"]: FloatingIpSpec(
            id=row["id"],
            address=row["floating_ip_address"],
            mac=own[row["floating_port_id"]]["mac_address"],
            router_id=row["router_id"] or "",
            port_id=row["port_id"] or "",
            fixed_address=row["fixed_ip_address"] or "",
        )
        for row in rows
    }


def apply(view: View, batch: dict[str, int]) -> None:
    wanted = view.read(lambda tx: desired(tx, list(batch)))
    PART.remove(view, {id: revision for id, revision in batch.items() if id not in wanted})
    PART.apply(view, wanted, batch)
    if wanted:
        there = {(spec.id, spec.port_id, spec.fixed_address) for spec in wanted.values()}
        view.write(lambda tx: store.set_active(tx, there, ACTIVE))


PART = Part(
    logic.KIND,
    ids=sa.select(floating_ips_table.c.id).where(floating_ips_table.c.port_id.is_not(None)),
    content=FloatingIpSpec,
    desired=desired,
)
RECONCILER = Reconciler(PART.kind, apply, order=50)
