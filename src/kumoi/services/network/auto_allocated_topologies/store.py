"""The SQL of allocated topologies."""

from kumoi.kernel.database import Transaction
from kumoi.services.network.auto_allocated_topologies.models import AutoAllocatedTopologyRow, auto_allocated_topologies


def find(tx: Transaction, project_id: str) -> AutoAllocatedTopologyRow | None:
    return tx.row(auto_allocated_topologies, project_id=project_id)


def insert(tx: Transaction, row: AutoAllocatedTopologyRow) -> None:
    tx.insert_row(auto_allocated_topologies, row)


def delete(tx: Transaction, project_id: str) -> None:
    table = auto_allocated_topologies
    tx.execute(table.delete().where(table.c.project_id == project_id))
