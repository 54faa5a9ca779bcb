"""The SQL of subnets."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.quotas import Quota
from kumoi.kernel.who import Who
from kumoi.services.network import spelling, standard_attributes
from kumoi.services.network.listing import Asked, Listing, flag
from kumoi.services.network.network_rows.models import networks as networks_table
from kumoi.services.network.subnet_rows.models import SubnetRow, subnets
from kumoi.services.network.tags import store as tags_store


def _network(column: sa.Column[bool], name: str, values: list[str]) -> sa.ColumnElement[bool]:
    wanted = [flag(name, value) for value in values]
    return subnets.c.network_id.in_(sa.select(networks_table.c.id).where(column.in_(wanted)))


LISTING = Listing(
    subnets,
    {
        name: subnets.c[name]
        for name in (
            "network_id", "ip_version", "cidr", "gateway_ip", "enable_dhcp", "ipv6_ra_mode", "ipv6_address_mode",
            "subnetpool_id", "dns_publish_fixed_ip",
        )
    },
    special={
        "shared": lambda values: _network(networks_table.c.shared, "shared", values),
        "router:external": lambda values: _network(networks_table.c.external, "router:external", values),
    },
    types={"shared": bool, "router:external": bool},
    spelled={"cidr": spelling.prefix, "gateway_ip": spelling.address},
)  # fmt: skip


def visible(who: Who) -> sa.ColumnElement[bool] | None:
    """The project's own, those on its networks and on shared ones. Subnets of an external network are not visible
    because of that alone."""
    project_id = who.only_project
    if project_id is None:
        return None
    usable = sa.select(networks_table.c.id).where(
        sa.or_(networks_table.c.project_id == project_id, networks_table.c.shared)
    )
    return sa.or_(subnets.c.project_id == project_id, subnets.c.network_id.in_(usable))


def page(tx: Transaction, who: Who, asked: Asked) -> list[SubnetRow]:
    return LISTING.rows(tx, asked, visible(who), is_admin=who.sees(None))


def find(tx: Transaction, subnet_id: str) -> SubnetRow | None:
    return tx.row(subnets, id=subnet_id)


def find_visible(tx: Transaction, who: Who, subnet_id: str) -> SubnetRow | None:
    query = sa.select(subnets).where(subnets.c.id == subnet_id)
    condition = visible(who)
    return tx.one(query if condition is None else query.where(condition), SubnetRow)


def of_network(tx: Transaction, network_id: str) -> list[SubnetRow]:
    """Oldest first."""
    return tx.rows(subnets, subnets.c.created_at, subnets.c.id, network_id=network_id)


def of_networks(tx: Transaction, network_ids: Sequence[str]) -> dict[str, list[SubnetRow]]:
    """network id → its subnets, oldest first."""
    found: dict[str, list[SubnetRow]] = {}
    if network_ids:
        query = sa.select(subnets).where(subnets.c.network_id.in_(network_ids))
        for row in tx.all(query.order_by(subnets.c.created_at, subnets.c.id), SubnetRow):
            found.setdefault(row["network_id"], []).append(row)
    return found


def by_ids(tx: Transaction, subnet_ids: Sequence[str]) -> dict[str, SubnetRow]:
    return {row["id"]: row for row in tx.rows(subnets, id=subnet_ids)} if subnet_ids else {}


def shared_networks(tx: Transaction, network_ids: Sequence[str]) -> set[str]:
    query = sa.select(networks_table.c.id).where(networks_table.c.id.in_(network_ids), networks_table.c.shared)
    return set(tx.column(query))


def insert(tx: Transaction, row: SubnetRow) -> None:
    tx.insert_row(subnets, row)


def change(tx: Transaction, subnet_id: str, **values: Any) -> None:
    standard_attributes.change(tx, subnets, subnet_id, **values)


def delete(tx: Transaction, subnet_id: str) -> None:
    tags_store.forget(tx, [subnet_id])
    tx.execute(subnets.delete().where(subnets.c.id == subnet_id))


SUBNET = Quota("network", "subnet", 100, Count("network.subnet", subnets.c.project_id))


def of_pool(tx: Transaction, pool_id: str) -> list[tuple[str, str]]:
    """(project id, cidr) of every subnet cut from the pool."""
    query = sa.select(subnets.c.project_id, subnets.c.cidr).where(subnets.c.subnetpool_id == pool_id)
    return [(row[0], row[1]) for row in tx.tuples(query)]
