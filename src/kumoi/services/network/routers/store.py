"""The SQL of routers."""

from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.quotas import Quota
from kumoi.kernel.who import Who
from kumoi.services.network import standard_attributes
from kumoi.services.network.addresses.models import addresses as addresses_table
from kumoi.services.network.listing import Asked, Listing
from kumoi.services.network.port_rows.models import ROUTER_GATEWAY, ROUTER_INTERFACE
from kumoi.services.network.port_rows.models import ports as ports_table
from kumoi.services.network.routers.models import RouterRow, routers
from kumoi.services.network.tags import store as tags_store

LISTING = Listing(routers, {"admin_state_up": routers.c.admin_state_up, "status": routers.c.status})


def visible(who: Who) -> sa.ColumnElement[bool] | None:
    project_id = who.only_project
    return None if project_id is None else routers.c.project_id == project_id


def page(tx: Transaction, who: Who, asked: Asked) -> list[RouterRow]:
    return LISTING.rows(tx, asked, visible(who), is_admin=who.sees(None))


def find(tx: Transaction, router_id: str) -> RouterRow | None:
    return tx.one(sa.select(routers).where(routers.c.id == router_id), RouterRow)


def by_ids(tx: Transaction, router_ids: Sequence[str]) -> dict[str, RouterRow]:
    query = sa.select(routers).where(routers.c.id.in_(router_ids))
    return {row["id"]: row for row in tx.all(query, RouterRow)} if router_ids else {}


def insert(tx: Transaction, row: RouterRow) -> None:
    tx.insert_row(routers, row)


def change(tx: Transaction, router_id: str, **values: Any) -> None:
    standard_attributes.change(tx, routers, router_id, **values)


def delete(tx: Transaction, router_id: str) -> None:
    tags_store.forget(tx, [router_id])
    tx.execute(routers.delete().where(routers.c.id == router_id))


class ReachingRouter(TypedDict):
    """`interface`: its address on the subnet."""

    id: str
    project_id: str
    interface: str


def reaching(tx: Transaction, subnet_id: str, external_network_id: str) -> list[ReachingRouter]:
    """Routers with an interface on the subnet and a gateway on the external network."""
    inner, outer = ports_table.alias("inner_ports"), ports_table.alias("outer_ports")
    query = (
        sa.select(routers.c.id, routers.c.project_id, addresses_table.c.address.label("interface"))
        .join(inner, sa.and_(inner.c.device_id == routers.c.id, inner.c.device_owner == ROUTER_INTERFACE))
        .join(
            addresses_table, sa.and_(addresses_table.c.port_id == inner.c.id, addresses_table.c.subnet_id == subnet_id)
        )
        .join(outer, sa.and_(outer.c.device_id == routers.c.id, outer.c.device_owner == ROUTER_GATEWAY))
        .where(outer.c.network_id == external_network_id)
        .order_by(routers.c.created_at, routers.c.id)
    )
    return tx.all(query, ReachingRouter)


ROUTER = Quota("network", "router", 10, Count("network.router", routers.c.project_id))
