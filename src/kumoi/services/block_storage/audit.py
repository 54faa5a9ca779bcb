"""Compares the tables of volumes with the hosts' disks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kumoi.engines.hosts import Hosts
from kumoi.engines.volumes.interface import Inventory, Sizes
from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subject
from kumoi.kernel.reconcile import View
from kumoi.services.block_storage.backup_rows import store as backup_rows_store
from kumoi.services.block_storage.backup_rows.models import TRANSIENT as TRANSIENT_BACKUPS
from kumoi.services.block_storage.backup_rows.models import Status as BackupStatus
from kumoi.services.block_storage.backup_rows.store import BackupState
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import TRANSIENT as TRANSIENT_SNAPSHOTS
from kumoi.services.block_storage.snapshot_rows.models import DiskState
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.models import TRANSIENT, Status

SERVICE = "block_storage"
GIB = 1 << 30


@dataclass(frozen=True)
class _Rows:
    """Rows of one instant. `busy`: the subjects that an operation holds."""

    volumes: dict[str, DiskState]
    snapshots: dict[str, DiskState]
    backups: dict[str, BackupState]
    busy: frozenset[str]


def differences(view: View) -> list[dict[str, Any]]:
    """Reads the tables before and after the hosts are asked, so that changes in progress are not reported."""
    before = view.read(_rows)
    hosts = view.engine(Hosts)
    found: list[dict[str, Any]] = []
    inventories: dict[str, Inventory] = {}
    sizes: dict[str, Sizes] = {}
    for name in hosts.names():
        try:
            sizes[name], inventories[name] = hosts.volumes(name).sizes(), hosts.volumes(name).inventory()
        except Exception as error:
            found.append(_problem("host", name, f"it does not tell its disks: {error}"))
    after = view.read(_rows)
    at_rest = list(_at_rest("volume", before.volumes, before, after, after.volumes))
    found += _lost("volume", at_rest, inventories) + _other_sizes("volume", at_rest, sizes)
    at_rest = list(_at_rest("snapshot", before.snapshots, before, after, after.snapshots))
    found += _lost("snapshot", at_rest, inventories) + _other_sizes("snapshot", at_rest, sizes)
    busy = before.busy | after.busy
    found += _lost_backups(before, after, inventories)
    for name, inventory in inventories.items():
        for volume_id in inventory.volumes:
            if volume_id not in before.volumes and volume_id not in after.volumes:
                found.append(_problem("volume", volume_id, f"its disk is on {name}, and there is no such volume"))
        for snapshot_id in inventory.snapshots:
            known = snapshot_id in before.snapshots or snapshot_id in after.snapshots
            if not known and not busy & {subject("volume", snapshot_id), subject("backup", snapshot_id)}:
                found.append(_problem("snapshot", snapshot_id, f"its disk is on {name}, and there is no such snapshot"))
        places = {row["place"] for rows in (before, after) for row in rows.backups.values()}
        for place in inventory.backups:
            if place not in places and subject("backup", place) not in busy:
                found.append(_problem("backup", place, f"its bytes are on {name}, and there is no such backup"))
    return found + _states(after)


def _rows(tx: Transaction) -> _Rows:
    return _Rows(
        {row["id"]: row for row in volumes_store.every(tx)}, {row["id"]: row for row in snapshot_rows_store.every(tx)},
        {row["id"]: row for row in backup_rows_store.every(tx)}, frozenset(operations.held(tx)),
    )  # fmt: skip


def _at_rest(
    kind: str, rows: dict[str, DiskState], before: _Rows, after: _Rows, later: dict[str, DiskState]
) -> Iterable[DiskState]:
    """Rows whose disk must exist: they have no active operation, and their creation did not fail."""
    for row_id, row in rows.items():
        name = subject(kind, row_id)
        unchanged = row_id in later and later[row_id]["size"] == row["size"]
        if unchanged and name not in before.busy and name not in after.busy and row["status"] != "error":
            yield row


def _lost(kind: str, rows: Iterable[DiskState], inventories: dict[str, Inventory]) -> list[dict[str, Any]]:
    on = {
        host: set(inventory.volumes if kind == "volume" else inventory.snapshots)
        for host, inventory in inventories.items()
    }
    return [
        _problem(kind, row["id"], f"its disk is not on {row['host']}")
        for row in rows
        if row["host"] is None or (row["host"] in on and row["id"] not in on[row["host"]])
    ]


def _lost_backups(before: _Rows, after: _Rows, inventories: dict[str, Inventory]) -> list[dict[str, Any]]:
    on = {host: set(inventory.backups) for host, inventory in inventories.items()}
    return [
        _problem("backup", row["id"], f"its bytes are not on {row['host']}")
        for row in before.backups.values()
        if row["status"] in (BackupStatus.AVAILABLE, BackupStatus.RESTORING)
        and row["id"] in after.backups
        and subject("backup", row["id"]) not in before.busy | after.busy
        and row["host"] in on
        and row["place"] not in on[row["host"]]
    ]


def _other_sizes(kind: str, rows: Iterable[DiskState], sizes: dict[str, Sizes]) -> list[dict[str, Any]]:
    of = {host: each.volumes if kind == "volume" else each.snapshots for host, each in sizes.items()}
    return [
        _problem(kind, row["id"], f"its disk has {has} bytes, not {row['size']} GiB")
        for row in rows
        if (has := of.get(row["host"] or "", {}).get(row["id"])) not in (None, row["size"] * GIB)
    ]


def _states(rows: _Rows) -> list[dict[str, Any]]:
    found = []
    for row in rows.volumes.values():
        if row["status"] in TRANSIENT and subject("volume", row["id"]) not in rows.busy:
            found.append(_problem("volume", row["id"], f"it is {row['status']}, and nothing is being done to it"))
    for row in rows.snapshots.values():
        if row["status"] in TRANSIENT_SNAPSHOTS and subject("snapshot", row["id"]) not in rows.busy:
            found.append(_problem("snapshot", row["id"], f"it is {row['status']}, and nothing is being done to it"))
    for backup in rows.backups.values():
        name, status = subject("backup", backup["id"]), backup["status"]
        if status == BackupStatus.RESTORING:
            name = subject("volume", backup["restored_to"] or "")
        if status in (*TRANSIENT_BACKUPS, BackupStatus.RESTORING) and name not in rows.busy:
            found.append(_problem("backup", backup["id"], f"it is {status}, and nothing is being done to it"))
    read = {backup["volume_id"] for backup in rows.backups.values() if backup["status"] == BackupStatus.CREATING}
    for row in rows.volumes.values():
        if row["status"] == Status.BACKING_UP and row["id"] not in read:
            found.append(_problem("volume", row["id"], f"it is {row['status']}, and nothing is being done to it"))
    return found


def _problem(kind: str, row_id: str, problem: str) -> dict[str, Any]:
    return {"service": SERVICE, "kind": kind, "id": row_id, "problem": problem}
