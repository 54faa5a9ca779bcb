"""The SQL of networks."""

from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.quotas import Quota
from kumoi.kernel.who import Who
from kumoi.services.network import standard_attributes
from kumoi.services.network.listing import Asked, Listing
from kumoi.services.network.network_rows.models import NetworkRow
from kumoi.services.network.network_rows.models import networks as networks_table
from kumoi.services.network.port_rows.models import ports as ports_table
from kumoi.services.network.subnet_rows.models import subnets as subnets_table
from kumoi.services.network.tags import store as tags_store


def _by_subnet(values: list[str]) -> sa.ColumnElement[bool]:
    return networks_table.c.id.in_(sa.select(subnets_table.c.network_id).where(subnets_table.c.id.in_(values)))


LISTING = Listing(
    networks_table,
    {
        "admin_state_up": networks_table.c.admin_state_up,
        "status": networks_table.c.status,
        "shared": networks_table.c.shared,
        "router:external": networks_table.c.external,
        "is_default": networks_table.c.is_default,
        "port_security_enabled": networks_table.c.port_security_enabled,
        "mtu": networks_table.c.mtu,
        "dns_domain": networks_table.c.dns_domain,
        "provider:network_type": networks_table.c.network_type,
        "provider:physical_network": networks_table.c.physical_network,
        "provider:segmentation_id": networks_table.c.segmentation_id,
    },
    special={"subnets": _by_subnet},
)


def visible(who: Who) -> sa.ColumnElement[bool] | None:
    """Networks that the caller may see; None: all."""
    project_id = who.only_project
    if project_id is None:
        return None
    return sa.or_(networks_table.c.project_id == project_id, networks_table.c.shared, networks_table.c.external)


def page(tx: Transaction, who: Who, asked: Asked) -> list[NetworkRow]:
    return LISTING.rows(tx, asked, visible(who), is_admin=who.sees(None))


def find(tx: Transaction, network_id: str) -> NetworkRow | None:
    return tx.row(networks_table, id=network_id)


def by_ids(tx: Transaction, network_ids: Sequence[str]) -> dict[str, NetworkRow]:
    return {row["id"]: row for row in tx.rows(networks_table, id=network_ids)} if network_ids else {}


def insert(tx: Transaction, row: NetworkRow) -> None:
    tx.insert_row(networks_table, row)


def change(tx: Transaction, network_id: str, **values: Any) -> None:
    standard_attributes.change(tx, networks_table, network_id, **values)


def delete(tx: Transaction, network_id: str) -> None:
    tags_store.forget(tx, [network_id])
    tx.execute(networks_table.delete().where(networks_table.c.id == network_id))


def subnet_ids(tx: Transaction, network_ids: Sequence[str]) -> dict[str, list[str]]:
    """Network id → ids of its subnets, oldest first."""
    found: dict[str, list[str]] = {}
    query = sa.select(subnets_table.c.network_id, subnets_table.c.id).where(subnets_table.c.network_id.in_(network_ids))
    for network_id, subnet_id in tx.tuples(query.order_by(subnets_table.c.created_at, subnets_table.c.id)):
        found.setdefault(network_id, []).append(subnet_id)
    return found


class PortOwner(TypedDict):
    id: str
    device_owner: str
    project_id: str


def port_owners(tx: Transaction, network_id: str) -> list[PortOwner]:
    """Of the network's ports."""
    query = sa.select(ports_table.c.id, ports_table.c.device_owner, ports_table.c.project_id).where(
        ports_table.c.network_id == network_id
    )
    return tx.all(query, PortOwner)


def segment_taken(tx: Transaction, network_type: str, physical_network: str | None, segment: int | None) -> bool:
    query = sa.select(networks_table.c.id).where(
        networks_table.c.network_type == network_type,
        networks_table.c.physical_network.is_not_distinct_from(physical_network),
        networks_table.c.segmentation_id.is_not_distinct_from(segment),
    )
    return tx.scalar(query) is not None


def segments(tx: Transaction, network_type: str, physical_network: str | None) -> set[int]:
    query = sa.select(networks_table.c.segmentation_id).where(
        networks_table.c.network_type == network_type, networks_table.c.physical_network == physical_network
    )
    return set(tx.column(query))


def default_external(tx: Transaction) -> NetworkRow | None:
    return tx.one(sa.select(networks_table).where(networks_table.c.external, networks_table.c.is_default), NetworkRow)


def for_servers(tx: Transaction, project_id: str) -> list[NetworkRow]:
    """The networks with a subnet that a server of the project may use by default: the project's own, otherwise shared
    ones; never another project's external network."""
    query = (
        sa.select(networks_table)
        .where(
            networks_table.c.admin_state_up,
            sa.or_(networks_table.c.project_id == project_id, networks_table.c.shared),
            sa.or_(sa.not_(networks_table.c.external), networks_table.c.project_id == project_id),
            sa.exists().where(subnets_table.c.network_id == networks_table.c.id),
        )
        .order_by(networks_table.c.created_at, networks_table.c.id)
    )
    rows = tx.all(query, NetworkRow)
    return [row for row in rows if row["project_id"] == project_id] or rows


NETWORK = Quota("network", "network", 100, Count("network.network", networks_table.c.project_id))
