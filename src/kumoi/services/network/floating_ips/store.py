"""The SQL of floating IPs."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.quotas import Quota
from kumoi.kernel.who import Who
from kumoi.services.network import spelling, standard_attributes
from kumoi.services.network.floating_ips.models import FloatingIpRow, floating_ips
from kumoi.services.network.listing import Asked, Listing
from kumoi.services.network.tags import store as tags_store

LISTING = Listing(
    floating_ips,
    {
        name: floating_ips.c[name]
        for name in (
            "floating_network_id", "floating_ip_address", "port_id", "fixed_ip_address", "router_id", "status",
        )
    },
    spelled={"floating_ip_address": spelling.address, "fixed_ip_address": spelling.address},
)  # fmt: skip


def visible(who: Who) -> sa.ColumnElement[bool] | None:
    project_id = who.only_project
    return None if project_id is None else floating_ips.c.project_id == project_id


def page(tx: Transaction, who: Who, asked: Asked) -> list[FloatingIpRow]:
    return LISTING.rows(tx, asked, visible(who), is_admin=who.sees(None))


def find(tx: Transaction, floating_ip_id: str) -> FloatingIpRow | None:
    return tx.row(floating_ips, id=floating_ip_id)


def of_address(tx: Transaction, address: str) -> list[FloatingIpRow]:
    """In all projects and external networks."""
    return tx.rows(floating_ips, floating_ip_address=address)


def by_ids(tx: Transaction, floating_ip_ids: Sequence[str]) -> dict[str, FloatingIpRow]:
    return {row["id"]: row for row in tx.rows(floating_ips, id=floating_ip_ids)} if floating_ip_ids else {}


def of_ports(tx: Transaction, port_ids: Sequence[str]) -> list[FloatingIpRow]:
    """Those that are associated with one of the ports."""
    return tx.rows(floating_ips, port_id=port_ids) if port_ids else []


def idle_of(tx: Transaction, network_id: str) -> list[FloatingIpRow]:
    """Those of an external network that are not associated."""
    query = sa.select(floating_ips).where(floating_ips.c.floating_network_id == network_id)
    return tx.all(query.where(floating_ips.c.port_id.is_(None)), FloatingIpRow)


def of_router(tx: Transaction, router_id: str) -> list[FloatingIpRow]:
    return tx.all(sa.select(floating_ips).where(floating_ips.c.router_id == router_id), FloatingIpRow)


def set_active(tx: Transaction, there: Iterable[tuple[str, str, str]], status: str) -> None:
    """Set the status of those (id, port id, fixed address) whose association is unchanged."""
    for floating_ip_id, port_id, fixed_address in sorted(there):
        tx.execute(
            floating_ips.update()
            .where(
                floating_ips.c.id == floating_ip_id,
                floating_ips.c.port_id == port_id,
                floating_ips.c.fixed_ip_address == fixed_address,
                floating_ips.c.status != status,
            )
            .values(status=status, revision_number=floating_ips.c.revision_number + 1, updated_at=tx.now)
        )


def leading(tx: Transaction) -> dict[str, str]:
    """Floating address → associated fixed address, for the whole cloud."""
    query = sa.select(floating_ips.c.floating_ip_address, floating_ips.c.fixed_ip_address)
    return {row[0]: row[1] for row in tx.tuples(query.where(floating_ips.c.port_id.is_not(None)))}


def insert(tx: Transaction, row: FloatingIpRow) -> None:
    tx.insert_row(floating_ips, row)


def change(tx: Transaction, floating_ip_id: str, **values: Any) -> None:
    standard_attributes.change(tx, floating_ips, floating_ip_id, **values)


def delete(tx: Transaction, floating_ip_id: str) -> None:
    tags_store.forget(tx, [floating_ip_id])
    tx.execute(floating_ips.delete().where(floating_ips.c.id == floating_ip_id))


FLOATINGIP = Quota("network", "floatingip", 50, Count("network.floatingip", floating_ips.c.project_id))
