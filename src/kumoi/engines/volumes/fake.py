"""Volumes without bytes, for tests and for trying the API without root."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from kumoi.engines.images import qcow2
from kumoi.engines.volumes.interface import Base, Capacity, FileSource, Holder, Inventory, Sizes, Source, VolumesError
from kumoi.engines.volumes.places import checked
from kumoi.kernel import durable
from kumoi.kernel.fences import Busy, Fence

GIB = 1 << 30
_TABLES = """
CREATE TABLE IF NOT EXISTS disk (
    kind TEXT NOT NULL, id TEXT NOT NULL, size INTEGER NOT NULL, base TEXT, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failure (id INTEGER PRIMARY KEY, method TEXT NOT NULL, message TEXT NOT NULL);
"""
_NOT_DISKS = frozenset({"aki", "ari"})


def _no_holder(volume_id: str) -> Holder | None:
    return None


class FakeVolumes:
    """Stores its disks in a small database below `folder`, so that they survive the agent. Implements Volumes."""

    def __init__(
        self,
        folder: Path,
        images: Path | None = None,
        *,
        holder: Callable[[str], Holder | None] = _no_holder,
        capacity_gib: float = 10_000.0,
    ) -> None:
        """`images`: the image store's folder, which must contain an image's data; None: every image is assumed to
        exist, with one GiB, and those that are exported go into `images` beside `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.images = images
        self.exports = images or folder.parent / "images"
        self.holder = holder
        self.capacity_gib = capacity_gib
        self.lock = RLock()
        self.at_work: set[str] = set()
        self.database = sqlite3.connect(folder / "fake-volumes.db", check_same_thread=False, isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.executescript(_TABLES)

    def close(self) -> None:
        self.database.close()

    def fail_next(self, method: str, message: str = "the fake was told to fail") -> None:
        """The next call of `method` changes nothing and raises VolumesError. After two calls of `fail_next`, the next
        two do."""
        with self.lock:
            self.database.execute("INSERT INTO failure (method, message) VALUES (?, ?)", (method, message))

    @contextmanager
    def working(self, kind: str, identifier: str) -> Iterator[None]:
        """Inside, an earlier order for this volume, snapshot or image is being carried out: others for it are Busy."""
        name = f"{kind} {identifier}"
        with self.lock:
            self.at_work.add(name)
        try:
            yield
        finally:
            with self.lock:
                self.at_work.discard(name)

    def size_gib(self, volume_id: str) -> float:
        """VolumesError when there is no such volume."""
        return self._row("volume", volume_id)[0] / GIB

    def prepare_base(self, fence: Fence, image_id: str, disk_format: str) -> Base:
        with self._order("prepare_base", f"image {image_id}"):
            checked("image", image_id)
            if disk_format in _NOT_DISKS:
                raise VolumesError(f"an image with disk_format {disk_format} holds no disk to start from")
            row = self._find("base", image_id)
            size = row[0] if row else self._virtual_size(image_id)
            self._keep("base", image_id, size, None)
            return Base(image_id, size)

    def create(
        self, fence: Fence, volume_id: str, size_gib: int, image_id: str | None, snapshot_id: str | None
    ) -> None:
        with self._order("create", f"volume {volume_id}", f"image {image_id}", f"snapshot {snapshot_id}"):
            checked("volume", volume_id)
            if size_gib < 1:
                raise VolumesError(f"a volume cannot have a size of {size_gib} GiB")
            if image_id and snapshot_id:
                raise VolumesError("a volume starts from an image or from a snapshot, not from both")
            if self._find("volume", volume_id):
                return
            has, base = 0, image_id
            if snapshot_id:
                has, base = self._row("snapshot", snapshot_id)
            elif image_id:
                has = self._row("base", image_id)[0]
            if has > size_gib * GIB:
                raise VolumesError(
                    f"{'snapshot' if snapshot_id else 'image'} {snapshot_id or image_id} has {has} bytes, more than"
                    f" the volume's {size_gib} GiB"
                )
            self._keep("volume", volume_id, size_gib * GIB, base)

    def delete(self, fence: Fence, volume_id: str) -> None:
        with self._order("delete", f"volume {volume_id}"):
            checked("volume", volume_id)
            if self.holder(volume_id):
                raise VolumesError(f"volume {volume_id} is held by a running guest")
            self._forget("volume", volume_id)

    def extend(self, fence: Fence, volume_id: str, size_gib: int) -> None:
        with self._order("extend", f"volume {volume_id}"):
            now, size = self._row("volume", volume_id)[0], size_gib * GIB
            if now > size:
                raise VolumesError(f"volume {volume_id} has {now} bytes and cannot shrink to {size_gib} GiB")
            if holder := self.holder(volume_id):
                holder.resize(size)
            self.database.execute("UPDATE disk SET size = ? WHERE kind = 'volume' AND id = ?", (size, volume_id))

    def snapshot(self, fence: Fence, volume_id: str, snapshot_id: str) -> int:
        with self._order("snapshot", f"volume {volume_id}", f"snapshot {snapshot_id}"):
            checked("snapshot", snapshot_id)
            size, base = self._row("volume", volume_id)
            self._keep("snapshot", snapshot_id, size, base)
            return self._row("snapshot", snapshot_id)[0]

    def delete_snapshot(self, fence: Fence, snapshot_id: str) -> None:
        with self._order("delete_snapshot", f"snapshot {snapshot_id}"):
            checked("snapshot", snapshot_id)
            self._forget("snapshot", snapshot_id)

    def back_up(self, fence: Fence, snapshot_id: str, backup_id: str, parent_id: str | None) -> int:
        with self._order("back_up", f"snapshot {snapshot_id}", f"backup {backup_id}"):
            checked("backup", backup_id)
            size, _ = self._row("snapshot", snapshot_id)
            if parent_id is not None:
                self._row("backup", parent_id)
            self._keep("backup", backup_id, size, None)
            return 0 if parent_id else size

    def restore(self, fence: Fence, volume_id: str, size_gib: int, backup_id: str) -> None:
        with self._order("restore", f"volume {volume_id}"):
            checked("volume", volume_id)
            if self.holder(volume_id):
                raise VolumesError(f"volume {volume_id} is held by a running guest")
            has, _ = self._row("backup", backup_id)
            if has > size_gib * GIB:
                raise VolumesError(
                    f"backup {backup_id} has {has} bytes, more than the volume's {size_gib} GiB"
                )  # fmt: skip
            self._forget("volume", volume_id)
            self._keep("volume", volume_id, size_gib * GIB, None)

    def delete_backup(self, fence: Fence, backup_id: str) -> None:
        with self._order("delete_backup", f"backup {backup_id}"):
            checked("backup", backup_id)
            self._forget("backup", backup_id)

    def export(self, fence: Fence, snapshot_id: str, image_id: str, disk_format: str) -> None:
        """The bytes are a MiB of zeros, or an empty qcow2. Others of the formats need qemu-img."""
        with self._order("export", f"snapshot {snapshot_id}", f"image {image_id}"):
            checked("image", image_id)
            if disk_format not in ("raw", "qcow2"):
                raise VolumesError(f"an image with disk_format {disk_format} cannot be made of a volume")
            size, _ = self._row("snapshot", snapshot_id)
            target = self.exports / image_id
            if not target.exists():
                durable.replace(target, bytes(1 << 20) if disk_format == "raw" else qcow2.empty(size), mode=0o444)

    def connect(self, fence: Fence, volume_id: str) -> Source:
        with self._order("connect", f"volume {volume_id}"):
            self._row("volume", volume_id)
            return FileSource(volume_id)

    def disconnect(self, fence: Fence, volume_id: str) -> None:
        with self._order("disconnect"):
            checked("volume", volume_id)

    def drop_unused_bases(self, fence: Fence, keep: list[str]) -> list[str]:
        with self._order("drop_unused_bases"):
            used = {base for (base,) in self.database.execute("SELECT base FROM disk")} | set(keep)
            used |= {name.removeprefix("image ") for name in self.at_work}
            dropped = [image_id for image_id in self._ids("base") if image_id not in used]
            for image_id in dropped:
                self._forget("base", image_id)
            return dropped

    def virtual_size(self, fence: Fence, volume_id: str) -> int | None:
        with self._order("virtual_size", f"volume {volume_id}"):
            row = self._find("volume", checked("volume", volume_id))
            return row[0] if row else None

    def capacity(self) -> Capacity:
        with self._order("capacity"):
            (used,) = self.database.execute("SELECT coalesce(sum(size), 0) FROM disk").fetchone()
            return Capacity(self.capacity_gib, max(0.0, self.capacity_gib - used / GIB))

    def inventory(self) -> Inventory:
        with self._order("inventory"):
            return Inventory(self._ids("volume"), self._ids("snapshot"), self._ids("base"), self._ids("backup"))

    def sizes(self) -> Sizes:
        with self._order("sizes"):
            return Sizes(self._sizes("volume"), self._sizes("snapshot"))

    @contextmanager
    def _order(self, method: str, *names: str) -> Iterator[None]:
        with self.lock:
            for name in names:
                if name in self.at_work:
                    raise Busy(f"an earlier order for {name} is still being carried out")
            told = self.database.execute(
                "SELECT id, message FROM failure WHERE method = ? ORDER BY id LIMIT 1", (method,)
            ).fetchone()
            if told:
                self.database.execute("DELETE FROM failure WHERE id = ?", (told[0],))
                raise VolumesError(told[1])
            yield

    def _virtual_size(self, image_id: str) -> int:
        if self.images is None:
            return GIB
        stored = self.images / image_id
        try:
            return qcow2.read(stored).virtual_size
        except FileNotFoundError as error:
            raise VolumesError(f"the data of image {image_id} is not in the image store") from error
        except qcow2.NotQcow2:
            return stored.stat().st_size

    def _keep(self, kind: str, identifier: str, size: int, base: str | None) -> None:
        self.database.execute("INSERT OR IGNORE INTO disk VALUES (?, ?, ?, ?)", (kind, identifier, size, base))

    def _forget(self, kind: str, identifier: str) -> None:
        self.database.execute("DELETE FROM disk WHERE kind = ? AND id = ?", (kind, identifier))

    def _find(self, kind: str, identifier: str) -> tuple[int, str | None] | None:
        with self.lock:
            row: tuple[int, str | None] | None = self.database.execute(
                "SELECT size, base FROM disk WHERE kind = ? AND id = ?", (kind, identifier)
            ).fetchone()
        return row

    def _row(self, kind: str, identifier: str) -> tuple[int, str | None]:
        row = self._find(kind, checked("image" if kind == "base" else kind, identifier))
        if row is None:
            missing = f"image {identifier} is not prepared" if kind == "base" else f"{kind} {identifier} is not"
            raise VolumesError(f"{missing} on this host")
        return row

    def _sizes(self, kind: str) -> dict[str, int]:
        return dict(self.database.execute("SELECT id, size FROM disk WHERE kind = ? ORDER BY id", (kind,)))

    def _ids(self, kind: str) -> list[str]:
        rows = self.database.execute("SELECT id FROM disk WHERE kind = ? ORDER BY id", (kind,))
        return [identifier for (identifier,) in rows]
