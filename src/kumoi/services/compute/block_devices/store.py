"""The SQL of servers' disks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.compute.block_devices.models import BlockDeviceRow
from kumoi.services.compute.block_devices.models import block_devices as table


def insert_many(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    tx.insert_many(table, [{**row, "created_at": tx.now} for row in rows])


def of_server(tx: Transaction, server_id: str) -> list[BlockDeviceRow]:
    """In the order of the request."""
    return tx.rows(table, table.c.position, table.c.id, server_id=server_id)


def every(tx: Transaction) -> dict[str, list[BlockDeviceRow]]:
    """Server → its disks, in the order of the request."""
    found: dict[str, list[BlockDeviceRow]] = {}
    for row in tx.all(sa.select(table).order_by(table.c.position, table.c.id), BlockDeviceRow):
        found.setdefault(row["server_id"], []).append(row)
    return found


def every_volume(tx: Transaction) -> list[tuple[str, str]]:
    """(server, volume) of every disk that is a volume."""
    return [
        (row[0], row[1])
        for row in tx.tuples(sa.select(table.c.server_id, table.c.volume_id).where(table.c.volume_id.is_not(None)))
    ]


def volumes_of_servers(tx: Transaction, server_ids: Iterable[str]) -> dict[str, list[BlockDeviceRow]]:
    """Server → its disks that are volumes."""
    found: dict[str, list[BlockDeviceRow]] = {}
    for row in tx.rows(table, table.c.position, server_id=list(server_ids)):
        if row["volume_id"] is not None:
            found.setdefault(row["server_id"], []).append(row)
    return found


def find(tx: Transaction, server_id: str, volume_id: str) -> BlockDeviceRow | None:
    return tx.row(table, server_id=server_id, volume_id=volume_id)


def update(tx: Transaction, device_id: str, **values: Any) -> None:
    tx.update(table, {"id": device_id}, **values)


def delete(tx: Transaction, device_id: str) -> None:
    tx.execute(table.delete().where(table.c.id == device_id))


def delete_of_server(tx: Transaction, server_id: str) -> None:
    tx.execute(table.delete().where(table.c.server_id == server_id))
