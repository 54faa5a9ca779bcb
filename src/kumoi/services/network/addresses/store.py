"""The SQL of allocated addresses."""

from collections.abc import Sequence

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.network.addresses.models import addresses
from kumoi.services.network.subnet_rows.models import subnets as subnets_table

Given = tuple[str, str]
"""(subnet id, address)."""


def taken(tx: Transaction, subnet_id: str, among: Sequence[str] | None = None) -> set[str]:
    """Addresses of the subnet that ports use; `among` None: all of them."""
    query = sa.select(addresses.c.address).where(addresses.c.subnet_id == subnet_id)
    if among is not None:
        query = query.where(addresses.c.address.in_(among))
    return set(tx.column(query))


def of_ports(tx: Transaction, port_ids: Sequence[str]) -> dict[str, list[Given]]:
    """port id → its addresses in the order of fixed_ips; ports without are missing."""
    found: dict[str, list[Given]] = {}
    if port_ids:
        for row in tx.rows(addresses, addresses.c.port_id, addresses.c.position, port_id=port_ids):
            found.setdefault(row["port_id"], []).append((row["subnet_id"], row["address"]))
    return found


def give(tx: Transaction, port_id: str, wanted: Sequence[Given], held: Sequence[Given] = ()) -> None:
    """Make `wanted` the port's addresses, where `held` are those it has."""
    gone = [pair for pair in held if pair not in wanted]
    for subnet_id, address in gone:
        tx.execute(addresses.delete().where(addresses.c.subnet_id == subnet_id, addresses.c.address == address))
    new = []
    for position, (subnet_id, address) in enumerate(wanted):
        if (subnet_id, address) not in held:
            new.append({"subnet_id": subnet_id, "address": address, "port_id": port_id, "position": position})
        elif held[position : position + 1] != [(subnet_id, address)]:
            tx.execute(
                addresses.update()
                .where(addresses.c.subnet_id == subnet_id, addresses.c.address == address)
                .values(position=position)
            )
    tx.insert_many(addresses, new)


def give_back(tx: Transaction, subnet_id: str) -> None:
    """Release all addresses of a subnet that is being deleted."""
    tx.execute(addresses.delete().where(addresses.c.subnet_id == subnet_id))


def counts(tx: Transaction, network_ids: Sequence[str]) -> dict[str, int]:
    """Subnet id → number of allocated addresses, for the subnets of these networks."""
    query = (
        sa.select(addresses.c.subnet_id, sa.func.count())
        .join(subnets_table, subnets_table.c.id == addresses.c.subnet_id)
        .where(subnets_table.c.network_id.in_(network_ids))
        .group_by(addresses.c.subnet_id)
    )
    return {row[0]: row[1] for row in tx.tuples(query)}
