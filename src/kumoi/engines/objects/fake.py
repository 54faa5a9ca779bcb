"""An object store in memory, with knobs for tests."""

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from kumoi.engines.objects.interface import (
    DEFAULT,
    FOLLOWED,
    RESOLUTION,
    Account,
    Change,
    Container,
    Follow,
    Listed,
    NoRoom,
    Object,
    ObjectsError,
    Page,
    Reading,
    Stored,
    T,
    Told,
    Versioning,
    Writer,
    Writing,
)
from kumoi.engines.objects.pages import Row, walk
from kumoi.engines.objects.versions import Versions, key
from kumoi.kernel import clock, durable, randomness

SMALL = 4 << 10


@dataclass
class World:
    accounts: dict[str, Account] = field(default_factory=dict)
    containers: dict[tuple[str, str], Container] = field(default_factory=dict)
    objects: dict[int, dict[str, tuple[Object, bytes | None]]] = field(default_factory=dict)
    """Those of a container; under its negative id their old versions (`versions.py`)."""
    last_id: int = 0
    changes: dict[tuple[int, str], tuple[Change, bool]] = field(default_factory=dict)
    """(container, name) → the last change, and whether it waits."""
    last_change: int = 0
    followers: dict[int, bytes] = field(default_factory=dict)

    def copy(self) -> "World":
        return World(
            {key: msgspec.structs.replace(each) for key, each in self.accounts.items()},
            {key: msgspec.structs.replace(each) for key, each in self.containers.items()},
            {key: dict(each) for key, each in self.objects.items()},
            self.last_id,
            dict(self.changes),
            self.last_change,
            dict(self.followers),
        )


class FakeObjects:
    """Implements ObjectStore. Large objects are files too, because the front sends them from there."""

    def __init__(self, folder: Path, policies: tuple[str, ...] = (DEFAULT,)) -> None:
        self.folder, self._policies = folder, policies
        durable.make_folder(folder / "files")
        self.world = World()
        self.full = False
        """No more bytes are accepted."""
        self._one = threading.RLock()

    def read(self, work: Callable[[Reading], T]) -> T:
        with self._one:
            return work(FakeTransaction(self.world))

    def write(self, work: Callable[[Writing], T], *, frees: bool = False) -> "Future[T]":
        future: Future[T] = Future()
        with self._one:
            try:
                if self.full and not frees:
                    raise NoRoom("The disk of the object store is full; nothing was kept.")
                world = self.world.copy()
                future.set_result(work(FakeTransaction(world)))
                self.world = world
            except Exception as error:
                future.set_exception(error)
        return future

    def policies(self) -> tuple[str, ...]:
        return self._policies

    def begin(self, policy: str = "") -> Writer:
        return FakeWriter(self)

    def is_used(self) -> bool:
        return bool(self.world.accounts)

    def path(self, place: str) -> Path:
        path = self.folder / "files" / place[:2] / place
        if not path.is_file():
            raise ObjectsError("the object has no data")
        return path

    def sent_from(self, place: str) -> str | None:
        return f"{place[:2]}/{place}"

    def open(self, place: str) -> BinaryIO:
        return io.BytesIO(self.path(place).read_bytes())

    def _wanted(self) -> set[str]:
        return {o.place for each in self.world.objects.values() for o, _ in each.values() if o.place}

    def tidy(self) -> list[str]:
        with self._one:
            for path in (self.folder / "files").glob("*/*"):
                if path.name not in self._wanted():
                    path.unlink()
        return []

    def mend(self) -> list[Told]:
        return []

    def scrub(self) -> list[Told]:
        return []

    def differences(self) -> Iterator[tuple[str, str]]:
        for place in self._wanted():
            if not (self.folder / "files" / place[:2] / place).is_file():
                yield place, "its bytes are not on the disk"

    def close(self) -> None: ...


class FakeTransaction(Versions):
    """Implements Writing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = clock.now() // RESOLUTION * RESOLUTION

    def account(self, name: str) -> Account | None:
        found = self.world.accounts.get(name)
        return found and msgspec.structs.replace(found, metadata=dict(found.metadata))

    def container(self, account: str, name: str) -> Container | None:
        found = self.world.containers.get((account, name))
        return found and msgspec.structs.replace(found, metadata=dict(found.metadata))

    def object(self, container: Container, name: str) -> Object | None:
        return self._row(container.id, name)

    def _row(self, id: int, name: str) -> Object | None:
        found = self.world.objects.get(id, {}).get(name)
        return found and msgspec.structs.replace(found[0], metadata=dict(found[0].metadata), name=name)

    def data(self, container: Container, name: str, version: int | None = None) -> bytes:
        found = self.world.objects.get(container.id, {}).get(name)
        if version is not None and (found is None or found[0].version != version):
            found = self.world.objects.get(-container.id, {}).get(key(name, version))
        if found is None or found[1] is None:
            raise ObjectsError(f"object {name} has no data")
        return found[1]

    def _rows(self, id: int, low: str, high: str | None, reverse: bool, count: int) -> list[Row]:
        there = self.world.objects.get(id, {})
        inside = sorted((name for name in there if low <= name and (high is None or name < high)), reverse=reverse)
        found = [(name, there[name][0]) for name in inside[:count]]
        return [(name, each.entry, each.version, each.named, each.marker) for name, each in found]

    def _null_row(self, id: int, low: str, high: str) -> str | None:
        there = self.world.objects.get(id, {})
        return next((name for name in there if low < name < high and not there[name][0].named), None)

    def by_policy(self, account: str) -> dict[str, tuple[int, int, int]]:
        found: dict[str, tuple[int, int, int]] = {}
        for (owner, _), each in self.world.containers.items():
            if owner == account and each.policy not in ("", DEFAULT):
                containers, objects, size = found.get(each.policy, (0, 0, 0))
                found[each.policy] = containers + 1, objects + each.objects + each.versions, size + each.bytes
        return found

    def _walk(self, names: list[str], page: Page) -> list[tuple[str, Row | None]]:
        names.sort(key=str.encode, reverse=page.reverse)

        def fetch(low: str, high: str | None, count: int) -> list[Row]:
            end = None if high is None else high.encode()
            inside = (n for n in names if n.encode() >= low.encode() and (end is None or n.encode() < end))
            return [(name,) for name, _ in zip(inside, range(count), strict=False)]

        return list(walk(page, fetch))

    def containers(self, account: str, page: Page) -> list[tuple[str, Container | None]]:
        names = [name for owner, name in self.world.containers if owner == account]
        return [(name, self.container(account, name) if row else None) for name, row in self._walk(names, page)]

    def objects(self, container: Container, page: Page) -> list[Listed]:
        there = self.world.objects.get(container.id, {})
        return [Listed(name, there[name][0].entry if row else None) for name, row in self._walk([*there], page)]

    def names(self, container: Container, page: Page) -> bytes:
        return "".join(f"{each.name}\n" for each in self.objects(container, page)).encode()

    def entries(self, container: Container, page: Page) -> bytes:
        return ",".join(str(each.entry) for each in self.objects(container, page)).encode()

    def expired(self, until: int, most: int) -> list[tuple[Container, str]]:
        return [
            (container, name)
            for container in self.world.containers.values()
            for name, (object, _) in self.world.objects.get(container.id, {}).items()
            if object.delete_at is not None and object.delete_at <= until
        ][:most]

    def put_account(self, name: str, metadata: dict[str, str]) -> Account:
        account = self.world.accounts.setdefault(name, Account(name=name, created_at=self.now))
        account.metadata = dict(metadata)
        return account

    def remove_account(self, name: str) -> None:
        self.world.accounts.pop(name, None)

    def put_container(self, account: str, name: str, metadata: dict[str, str], policy: str) -> Container:
        found = self.world.containers.get((account, name))
        if found is None:
            self.world.last_id += 1
            found = Container(
                id=self.world.last_id, account=account, name=name, created_at=self.now, changed_at=self.now,
                policy=policy,
            )  # fmt: skip
            self.world.containers[account, name] = found
            owner = self.world.accounts.get(account) or self.put_account(account, {})
            owner.containers += 1
        found.metadata, found.changed_at = dict(metadata), self.now
        return msgspec.structs.replace(found)

    def remove_container(self, container: Container) -> None:
        self.put_follower(container, None)
        if self.world.containers.pop((container.account, container.name), None):
            self.world.accounts[container.account].containers -= 1

    def set_versioning(self, container: Container, versioning: Versioning) -> None:
        found = self.world.containers[container.account, container.name]
        found.versioning, found.changed_at = versioning, self.now

    def put_object(self, container: Container, object: Object, stored: Stored | None) -> None:
        if stored is not None:
            self._make_way(container, object)
        id, row = container.id, object.name
        if object.old:
            id, row = -container.id, key(object.name, object.version)
        there = self.world.objects.setdefault(id, {})
        old = there.get(row)
        data, place = (old[1], object.place) if stored is None and old else (stored and stored.data, None)
        if stored is not None:
            place = stored.place
        there[row] = (msgspec.structs.replace(object, place=place), data or (b"" if place is None else None))
        self._count(container, 0 if old else 1, object.size - (old[0].size if old else 0))
        if not object.old:
            self._record(container, object.name, object.at, gone=False)

    def move_object(self, container: Container, name: str, to: Container, object: Object) -> None:
        old, data = self.world.objects[container.id].pop(name)
        self._count(container, -1, -old.size)
        self._make_way(to, object)
        self._record(container, name, self.now, gone=True)
        self.remove_object(to, object.name)
        moved = msgspec.structs.replace(object, place=old.place)
        self.world.objects.setdefault(to.id, {})[object.name] = (moved, data)
        self._count(to, 1, object.size)
        self._record(to, object.name, object.at, gone=False)

    def remove_object(self, container: Container, name: str, at: int | None = None) -> bool:
        if name not in self.world.objects.get(container.id, {}):
            return False
        self._count(container, -1, -self._drop_row(container.id, name))
        self._record(container, name, self.now if at is None else at, gone=True)
        return True

    def _record(self, container: Container, name: str, at: int, *, gone: bool) -> None:
        follow = container.metadata.get(FOLLOWED)
        if follow == Follow.CHANGES or (follow and gone):
            self.note_change(container, Change(0, name, at, gone))
        else:
            self.world.changes.pop((container.id, name), None)

    def changes(self, container: Container, after: int, most: int) -> list[Change]:
        found = [
            change
            for (id, _), (change, waiting) in self.world.changes.items()
            if id == container.id and waiting and change.id > after
        ]
        return sorted(found, key=lambda change: change.id)[:most]

    def removed_at(self, container: Container, name: str) -> int | None:
        change, _ = self.world.changes.get((container.id, name), (None, False))
        return change.at if change and change.gone else None

    def followers(self) -> list[tuple[Container, bytes]]:
        return [
            (msgspec.structs.replace(each), self.world.followers[each.id])
            for each in self.world.containers.values()
            if each.id in self.world.followers
        ]

    def follower(self, container: Container) -> bytes | None:
        return self.world.followers.get(container.id)

    def put_follower(self, container: Container, state: bytes | None) -> None:
        if state is None:
            self.world.followers.pop(container.id, None)
        else:
            self.world.followers[container.id] = state

    def note_change(self, container: Container, change: Change) -> None:
        self.world.last_change += 1
        noted = msgspec.structs.replace(change, id=self.world.last_change)
        waiting = container.metadata.get(FOLLOWED) == Follow.CHANGES
        self.world.changes[container.id, change.name] = (noted, waiting)

    def settle_change(self, container: Container, change: Change, *, again: bool) -> None:
        key = container.id, change.name
        if self.world.changes.get(key, (None, False))[0] != change:
            return
        if again:
            self.note_change(container, change)
        elif change.gone:
            self.world.changes[key] = (change, False)
        else:
            del self.world.changes[key]

    def forget_changes(self, until: int, most: int) -> None:
        kept = self.world.changes.items()
        for each in [each for each, (change, waiting) in kept if not waiting and change.at < until][:most]:
            del self.world.changes[each]

    def _add_row(self, id: int, name: str, object: Object, stored: Stored) -> None:
        added = msgspec.structs.replace(object, place=stored.place)
        self.world.objects.setdefault(id, {})[name] = (added, stored.data)

    def _move_row(self, id: int, name: str, to: int, new_name: str) -> None:
        object, data = self.world.objects[id].pop(name)
        self.world.objects.setdefault(to, {})[new_name] = (msgspec.structs.replace(object, delete_at=None), data)

    def _drop_row(self, id: int, name: str) -> int:
        return self.world.objects[id].pop(name)[0].size

    def _count(self, container: Container, objects: int, size: int, versions: int = 0) -> None:
        found = self.world.containers[container.account, container.name]
        found.changed_at = self.now
        found.objects += objects
        found.versions += versions
        found.bytes += size
        account = self.world.accounts[container.account]
        account.objects += objects + versions
        account.bytes += size


class FakeWriter:
    """Implements Writer."""

    def __init__(self, store: FakeObjects) -> None:
        self._store, self._data, self._path = store, bytearray(), Path()

    def write(self, *data: bytes) -> None:
        if self._store.full:
            raise NoRoom("The disk of the object store is full; nothing was kept.")
        self._data += b"".join(data)

    def finish(self) -> Stored:
        etag = hashlib.md5(self._data, usedforsecurity=False).hexdigest()
        if len(self._data) <= SMALL:
            return Stored(len(self._data), etag, bytes(self._data), None)
        place = randomness.new_hex()
        self._path = self._store.folder / "files" / place[:2] / place
        durable.make_folder(self._path.parent)
        durable.replace_for_now(self._path, bytes(self._data))
        return Stored(len(self._data), etag, None, place)

    def keep(self) -> None:
        self._path = Path()

    def discard(self) -> None:
        if self._path != Path():
            self._path.unlink(missing_ok=True)
