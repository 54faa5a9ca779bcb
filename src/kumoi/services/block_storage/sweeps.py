"""Sweeps that delete unknown disks, and correct states that no operation will change."""

from functools import partial
from weakref import WeakKeyDictionary

from kumoi.engines.hosts import Hosts
from kumoi.engines.volumes.interface import Inventory
from kumoi.kernel import clock, events, log, operations, polls
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Operation, subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.block_storage.attachment_rows import store as attachment_rows_store
from kumoi.services.block_storage.attachment_rows.models import Status as AttachmentStatus
from kumoi.services.block_storage.backup_rows import store as backup_rows_store
from kumoi.services.block_storage.backup_rows.models import Status as BackupStatus
from kumoi.services.block_storage.backups.operations.delete import DELETE as DELETE_BACKUP
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.snapshot_rows.models import TRANSIENT as TRANSIENT_SNAPSHOTS
from kumoi.services.block_storage.snapshot_rows.models import DiskState
from kumoi.services.block_storage.snapshot_rows.models import Status as SnapshotStatus
from kumoi.services.block_storage.snapshots.operations.delete import DELETE as DELETE_SNAPSHOT
from kumoi.services.block_storage.transfer_rows import store as transfer_rows_store
from kumoi.services.block_storage.volumes import store as volumes_store
from kumoi.services.block_storage.volumes.models import HELD, TRANSIENT, WITH_ATTACHMENT, Status
from kumoi.services.block_storage.volumes.operations.delete import DELETE as DELETE_VOLUME
from kumoi.services.block_storage.volumes.operations.extend import resting

EVERY = 60.0
WITHIN = 30.0
"""Seconds that a sweep waits for all hosts."""
UNKNOWN_FOR = 600 * SECOND
"""How long a disk must be unknown before it is deleted."""
IDLE_FOR = 300 * SECOND
"""How long a volume or snapshot may have a transient status without an operation."""

Disk = tuple[str, str, str]
"""Host, `volume`, `snapshot` or `backup`, id."""
_DELETIONS: dict[str, Operation] = {"volume": DELETE_VOLUME, "snapshot": DELETE_SNAPSHOT, "backup": DELETE_BACKUP}

_unknown: "WeakKeyDictionary[Hosts, dict[Disk, int]]" = WeakKeyDictionary()
"""When this process first found each unknown disk."""


def remove_leftovers(view: View) -> None:
    """Delete disks that repeatedly had no row and no operation. They come from orders that a host executed after their
    operation had ended."""
    hosts = view.engine(Hosts)
    since = _unknown.setdefault(hosts, {})
    lying = _lying(view, hosts.names())
    found = {disk for disk in since if disk[0] not in lying}
    for host, inventory in lying.items():
        disks = [(host, "volume", each) for each in inventory.volumes]
        disks += [(host, "snapshot", each) for each in inventory.snapshots]
        disks += [(host, "backup", each) for each in inventory.backups]
        found.update(view.read(partial(_nobodys, disks=disks)))
    now = clock.now()
    for disk in [disk for disk in since if disk not in found]:
        del since[disk]
    for disk in sorted(found):
        if now - since.setdefault(disk, now) >= UNKNOWN_FOR and disk[0] in lying:
            view.write(partial(_remove, disk=disk))


def _lying(view: View, names: list[str]) -> dict[str, Inventory]:
    """The disks on the hosts that answer."""
    hosts = view.engine(Hosts)
    found = {}
    for host, said in polls.ask("disks", names, lambda name: hosts.volumes(name).inventory(), WITHIN).items():
        if isinstance(said, Exception):
            log.say(__name__, "a host does not tell its disks", host=host, reason=str(said))
        else:
            found[host] = said
    return found


def _nobodys(tx: Transaction, disks: list[Disk]) -> list[Disk]:
    rows = {
        "volume": {row["id"] for row in volumes_store.every(tx)},
        "snapshot": {row["id"] for row in snapshot_rows_store.every(tx)},
        "backup": {row["place"] for row in backup_rows_store.every(tx)},
    }
    busy = operations.held(tx)
    return [
        (host, kind, disk_id)
        for host, kind, disk_id in disks
        if disk_id not in rows[kind] and not busy & _makers(kind, disk_id)
    ]


def _makers(kind: str, disk_id: str) -> set[str]:
    """The subjects of operations that may have made a disk: a copy of a volume uses a temporary snapshot with the new
    volume's id, and a backup one with its own."""
    return {subject(each, disk_id) for each in (kind, "volume", "backup")}


def _remove(tx: Transaction, disk: Disk) -> None:
    """Only disks that these tables once worked on. If the tables are an older backup, newer disks are the only copy of
    somebody's data, and only the audit reports them."""
    host, kind, disk_id = disk
    name = subject(kind, disk_id)
    if not _nobodys(tx, [disk]) or not operations.known(tx, _makers(kind, disk_id)):
        return
    arguments = {f"{kind}_id": disk_id, "host": host}
    operations.begin(tx, _DELETIONS[kind], [name], arguments, request_id="", user_id="", project_id=None)
    log.say(__name__, "an unknown disk was removed", host=host, kind=kind, id=disk_id)


def settle_states(view: View) -> None:
    """Correct transient states that an admin set by hand and that no operation will change."""
    idle = view.read(_idle)
    if not idle:
        return
    lying = _lying(view, sorted({row["host"] for _, row in idle if row["host"]} & set(view.engine(Hosts).names())))
    for kind, row in idle:
        on = lying.get(row["host"] or "")
        if on is None and row["host"] is not None:
            continue
        there = on is not None and row["id"] in (on.volumes if kind == "volume" else on.snapshots)
        view.write(partial(_settle, kind=kind, row=row, there=there))


def _idle(tx: Transaction) -> list[tuple[str, DiskState]]:
    """Kind and row of all resources with a transient or attached status but no operation or attachment."""
    busy, before = operations.held(tx), tx.now - IDLE_FOR
    attached = {
        row["volume_id"]: WITH_ATTACHMENT[AttachmentStatus(row["status"])] for row in attachment_rows_store.every(tx)
    }
    backups = backup_rows_store.every(tx)
    read = {row["volume_id"] for row in backups if row["status"] == BackupStatus.CREATING}
    offered = transfer_rows_store.every(tx)
    found = [
        ("volume", row)
        for row in volumes_store.every(tx)
        if row["status"] in TRANSIENT
        or (row["status"] in HELD and attached.get(row["id"]) != row["status"])
        or (row["status"] == Status.BACKING_UP and row["id"] not in read)
        or (row["status"] == Status.AWAITING_TRANSFER and row["id"] not in offered)
    ]
    found += [("snapshot", row) for row in snapshot_rows_store.every(tx) if row["status"] in TRANSIENT_SNAPSHOTS]
    return [(kind, row) for kind, row in found if row["updated_at"] <= before and subject(kind, row["id"]) not in busy]


def _settle(tx: Transaction, kind: str, row: DiskState, there: bool) -> None:
    """`there`: its disk exists on its host."""
    name = subject(kind, row["id"])
    current = volumes_store.find(tx, row["id"]) if kind == "volume" else snapshot_rows_store.find(tx, row["id"])
    if current is None or current["updated_at"] != row["updated_at"] or operations.active_on(tx, name):
        return
    if kind == "volume":
        status: str = resting(tx, row["id"]) if there else Status.ERROR
        volumes_store.update(tx, row["id"], status=status)
    else:
        status = SnapshotStatus.AVAILABLE if there else SnapshotStatus.ERROR
        snapshot_rows_store.update(tx, row["id"], status=status)
    events.write(
        tx, f"{kind}.status.settled", name, project_id=current["project_id"], was=row["status"], status=str(status)
    )  # fmt: skip
    log.say(__name__, "nothing was being done", subject=name, was=row["status"], status=str(status))


LEFTOVERS = Sweep("block_storage.leftovers", EVERY, remove_leftovers)
STATES = Sweep("block_storage.states", EVERY, settle_states)
