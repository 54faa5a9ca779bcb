"""The table of allocated addresses. Its primary key ensures that an address belongs to one port only."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Table, metadata
from kumoi.services.network.subnet_rows.models import subnets as subnets_table


class AddressRow(TypedDict):
    subnet_id: str
    address: str
    port_id: str
    position: int


addresses = Table[AddressRow](
    "network_addresses",
    metadata,
    sa.Column("subnet_id", sa.String(36), sa.ForeignKey(subnets_table.c.id), primary_key=True),
    sa.Column("address", sa.String(45), primary_key=True),
    sa.Column(
        "port_id", sa.String(36), sa.ForeignKey("network_ports.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Index("ix_network_addresses_address_port_id", "address", "port_id"),
)
"""Addresses are written as the `ipaddress` module writes them; `position` orders a port's fixed_ips."""
