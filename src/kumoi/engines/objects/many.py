"""The object store on several disks: `DiskObjects` with a copy of the index on up to three disks (`mirrors.py`), and large
objects on as many as their container's policy says (`spread.py`)."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import BinaryIO

from kumoi.engines.objects import repair, spread
from kumoi.engines.objects.disk import DiskObjects, of
from kumoi.engines.objects.disks import Disks, State
from kumoi.engines.objects.groups import Groups, explained
from kumoi.engines.objects.index import Index
from kumoi.engines.objects.interface import DEFAULT, ObjectsError, Reading, T, Told, Writer, Writing
from kumoi.engines.objects.layout import HOME, Layout, place_of
from kumoi.engines.objects.mirrors import Differs, Mirrors
from kumoi.kernel import durable


class Checked(Index):
    """Gives no small bytes that are not those of their ETag: another copy of the index has them."""

    def _sound(self, name: str, data: bytes, etag: str) -> bytes:
        if len(etag) == 32 and hashlib.md5(data, usedforsecurity=False).hexdigest() != etag:
            raise Differs(f"the bytes of {name} are not those that were written")
        return data


class ManyDisks(DiskObjects):
    """Implements ObjectStore."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        super().__init__(folder)
        self.layout = layout
        self.disks = Disks(folder, layout)
        self.mirrors = Mirrors(self.disks)
        self._groups = Groups(self._index, self.mirrors.transact, self.mirrors.check_room)

    def make(self) -> None:
        if self._made:
            return
        try:
            for path in (self.folder, self.files, self.incoming):
                if not path.is_dir():
                    durable.make_folder(path, mode=0o750)
            self.mirrors.begin()
        except (sqlite3.Error, OSError) as error:
            raise explained(error) from error
        self._made = True

    def read(self, work: Callable[[Reading], T]) -> T:
        self.make()
        try:
            return self.mirrors.read(lambda connection: work(Checked(connection)))
        except sqlite3.Error as error:
            raise explained(error) from error

    def write(self, work: Callable[[Writing], T], *, frees: bool = False) -> "Future[T]":
        self.make()
        return self._groups.write(work, frees=frees)

    def is_used(self) -> bool:
        return bool(self.disks.state().copies) or super().is_used()

    def policies(self) -> tuple[str, ...]:
        return self.layout.names

    def begin(self, policy: str = "") -> Writer:
        found = self.layout.policies.get(policy or DEFAULT) or self.layout.policies.get(DEFAULT)
        if found is None:
            return super().begin()
        self.make()
        return spread.SpreadWriter(self.disks, found, self.settle_link)

    def sent_from(self, place: str) -> str | None:
        found = place_of(place)
        if found is None:
            return super().sent_from(place)
        if found.policy.coded:
            return None
        for name in found.disks:
            root = self.disks.root(name)
            if root is not None and not self.disks.fault(name) and spread.lasting(root, found.id).is_file():
                return f"disk-{name}/{found.id[:2]}/{found.id}"
        return None

    def path(self, place: str) -> Path:
        found = place_of(place)
        if found is None:
            return super().path(place)
        for name in found.disks if not found.policy.coded else ():
            root = self.disks.root(name)
            if root is not None and not self.disks.fault(name):
                path = spread.lasting(root, found.id)
                if path.is_file():
                    return path
        raise ObjectsError("the object has no data in one file")

    def open(self, place: str) -> BinaryIO:
        found = place_of(place)
        return super().open(place) if found is None else spread.opened(self.disks, found)

    def roots(self) -> list[Path]:
        names = [HOME, *self.disks.all_there()]
        return [root for name in names if (root := self.disks.root(name)) is not None]

    def unlink(self, places: list[str]) -> None:
        here, folders, missed = [], set(), set()
        for text in places:
            place = place_of(text)
            if place is None:
                here.append(text)
                continue
            for name in place.disks:
                root = self.disks.root(name)
                if root is None or self.disks.fault(name):
                    missed.add(name)
                    continue
                path = spread.lasting(root, place.id)
                try:
                    path.unlink(missing_ok=True)
                    folders.add((name, path.parent))
                except OSError:
                    missed.add(name)
        for name, folder in folders:
            try:
                if folder.is_dir():
                    durable.sync_folder(folder)
            except OSError:
                missed.add(name)
        self.disks.lags(missed)
        super().unlink(here)

    def mend(self) -> list[Told]:
        if not self.is_used():
            return []
        self.make()
        repair.look_after(self)
        return self._told()

    def scrub(self) -> list[Told]:
        if not self.layout.scrub_days or not self.is_used():
            return []
        self.make()
        repair.scrub(self)
        return self._told()

    def _told(self) -> list[Told]:
        """What any process noted since the last call."""
        found: list[Told] = []

        def take(state: State) -> None:
            found.extend(Told(*each) for each in state.notes)
            state.notes = []

        if self.disks.state().notes:
            self.disks.change(take)
        return found

    def differences(self) -> Iterator[tuple[str, str]]:
        if not self.is_used():
            return
        first = self.read(lambda tx: list(self._compared(of(tx))))
        if first:
            again = set(self.read(lambda tx: list(self._compared(of(tx)))))
            yield from (each for each in first if each in again)

    def _compared(self, asked: Index) -> Iterator[tuple[str, str]]:
        yield from asked.miscounted()
        yield from self.state_of_disks()
        state = self.disks.state()
        whole = {name for name in self.disks.all_there() if not state.disks[name].behind}
        for text, name, size in asked.places():
            place = place_of(text)
            if place is None:
                yield from self.compare_file(text, name, size)
                continue
            for number, disk in enumerate(place.disks):
                if disk in whole and not repair.has_its_size(self.disks, place, number):
                    yield name, f"its bytes on the disk {disk} are missing or cut off"
        roots = {HOME: self.folder, **{name: self.layout.disks[name] for name in whole}}
        for disk, root in roots.items():
            for id in repair.strays(asked, root):
                yield id, f"its bytes are on the disk {disk}, but no object has them"

    def state_of_disks(self) -> Iterator[tuple[str, str]]:
        """(disk or place, problem), for people."""
        state = self.disks.state()
        for name in self.layout.disks:
            if fault := self.disks.fault(name):
                yield f"disk {name}", f"{fault}; a new one is taken into use by kumoi replace-disk {name}"
            elif state.disks[name].behind:
                yield f"disk {name}", "files are missing on it; they are being made"
        lacking = len(self.mirrors.missing())
        there = len([name for name in state.copies if not self.disks.fault(name)])
        if not state.copies:
            return
        if lacking or there < len(state.copies):
            yield "index", f"{there} copies of it are current; others are being made when there are disks for them"
        if state.damaged:
            yield "index", f"its copies differ, and none is known to be right: {state.damaged}"
        yield from ((name, problem) for name, problem in state.rotten.values())

    def close(self) -> None:
        super().close()
        self.mirrors.close()
