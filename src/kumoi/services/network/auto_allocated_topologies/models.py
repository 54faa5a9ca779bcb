"""The table of allocated topologies."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Table, metadata
from kumoi.services.network.network_rows.models import networks as networks_table


class AutoAllocatedTopologyRow(TypedDict):
    project_id: str
    network_id: str
    router_id: str


auto_allocated_topologies = Table[AutoAllocatedTopologyRow](
    "network_auto_allocated_topologies",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("network_id", sa.String(36), sa.ForeignKey(networks_table.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("router_id", sa.String(36), nullable=False),
    sa.Index("ix_network_auto_allocated_topologies_network_id", "network_id"),
    info=changes.UNSEEN,
)
"""Its network may be deleted like any other, and the row with it."""
