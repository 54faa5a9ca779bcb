"""A model of a disk that forgets: names and bytes below one folder, and which of them survive a power cut.

It keeps only what POSIX guarantees. Bytes of a file survive from its fsync or fdatasync on; a name in a folder survives
from that folder's fsync on, independent of the file. A rename is atomic.
"""

import enum
import os
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.power_cut.trace import Event

PAGE = 4096
"""Bytes that a disk writes whole."""
NEVER_KEPT = ("-shm",)


class Luck(enum.StrEnum):
    """Which unsynced changes survive a cut."""

    NOTHING = "nothing"
    NAMES = "names without bytes"
    SOME = "some"
    ALL = "all"


@dataclass(eq=False)
class File:
    now: bytearray = field(default_factory=bytearray)
    kept: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)

    def do(self, event: Event) -> None:
        _apply(self.now, event)
        self.pending.append(event)

    def sync(self) -> None:
        for event in self.pending:
            _apply(self.kept, event)
        self.pending.clear()

    def after(self, luck: Luck, random: Random) -> bytes:
        if luck is Luck.ALL:
            return bytes(self.now)
        found = bytearray(self.kept)
        if luck is Luck.SOME:
            for event in self.pending:
                for part in _pages(event):
                    if random.random() < 0.5:
                        _apply(found, part)
        return bytes(found)


@dataclass(eq=False)
class Folder:
    now: "dict[str, File | Folder]" = field(default_factory=dict)
    kept: "dict[str, File | Folder]" = field(default_factory=dict)


@dataclass(eq=False)
class Naming:
    """A change of names: (folder, name) → what it refers to afterwards, or None."""

    changes: "dict[tuple[Folder, str], File | Folder | None]"

    def keep(self) -> None:
        for (folder, name), thing in self.changes.items():
            if thing is None:
                folder.kept.pop(name, None)
            else:
                folder.kept[name] = thing


class Disk:
    """`always`: parts of paths whose changes survive at once, because they represent state outside the cloud's
    files."""

    def __init__(self, root: Path, always: tuple[str, ...] = ()) -> None:
        self.path = str(root)
        self.always = always
        self.root = Folder()
        self.pending: list[Naming] = []
        self.syncs = 0

    def do(self, event: Event) -> None:
        if event.path == self.path and event.what in ("mkdir", "create"):
            return
        if event.what == "sync":
            self._sync(event.path)
        elif event.what in ("write", "truncate", "punch", "grow"):
            file = self._at(event.path)
            assert isinstance(file, File), event.path
            file.do(event)
            if self._always(event.path):
                file.sync()
        else:
            naming = self._naming(event)
            for (folder, name), thing in naming.changes.items():
                if thing is None:
                    folder.now.pop(name, None)
                else:
                    folder.now[name] = thing
            if self._always(event.path):
                naming.keep()
            else:
                self.pending.append(naming)

    def unsynced(self) -> int:
        """The number of changes that a cut may lose."""
        return len(self.pending) + sum(len(file.pending) for file in _files(self.root))

    def lay_out(self, target: Path, luck: Luck, random: Random) -> None:
        """The folder as it is found after a cut now, into the empty folder `target`."""
        names = self._names(luck, random)
        self._write(self.root, target, names, luck, random)

    def _write(
        self, folder: Folder, target: Path, names: "dict[Folder, dict[str, File | Folder]]", luck: Luck, random: Random
    ) -> None:
        for name, thing in sorted(names.get(folder, folder.kept).items()):
            if isinstance(thing, Folder):
                (target / name).mkdir()
                self._write(thing, target / name, names, luck, random)
            elif not name.endswith(NEVER_KEPT):
                (target / name).write_bytes(thing.after(luck, random))

    def _names(self, luck: Luck, random: Random) -> "dict[Folder, dict[str, File | Folder]]":
        """Folder → its names after the cut, if they differ from the guaranteed ones."""
        found: dict[Folder, dict[str, File | Folder]] = {}
        lost: set[tuple[Folder, str]] = set()
        for naming in self.pending if luck is not Luck.NOTHING else ():
            # A later change of a name cannot survive without the earlier ones.
            if not lost.isdisjoint(naming.changes) or (luck is Luck.SOME and random.random() < 0.5):
                lost.update(naming.changes)
                continue
            for (folder, name), thing in naming.changes.items():
                entries = found.setdefault(folder, dict(folder.kept))
                if thing is None:
                    entries.pop(name, None)
                else:
                    entries[name] = thing
        return found

    def _naming(self, event: Event) -> Naming:
        folder, name = self._place(event.path)
        if event.what in ("create", "mkdir"):
            return Naming({(folder, name): File() if event.what == "create" else Folder()})
        if event.what in ("unlink", "rmdir"):
            return Naming({(folder, name): None})
        to = self._place(event.to)
        thing = folder.now[name]
        if event.what == "link":
            return Naming({to: thing})
        assert event.what == "rename", event.what
        return Naming({(folder, name): None, to: thing})

    def _sync(self, path: str) -> None:
        self.syncs += 1
        thing = self._at(path)
        if isinstance(thing, File):
            thing.sync()
            return
        rest = []
        for naming in self.pending:
            if any(folder is thing for folder, _ in naming.changes):
                naming.keep()
            else:
                rest.append(naming)
        self.pending = rest

    def _place(self, path: str) -> tuple[Folder, str]:
        folder = self._at(os.path.dirname(path))
        assert isinstance(folder, Folder), path
        return folder, os.path.basename(path)

    def _at(self, path: str) -> File | Folder:
        thing: File | Folder = self.root
        for name in path.removeprefix(self.path).strip("/").split("/"):
            if name:
                assert isinstance(thing, Folder), path
                thing = thing.now[name]
        return thing

    def _always(self, path: str) -> bool:
        inside = path.removeprefix(self.path)
        return any(part in inside for part in self.always)


def _files(folder: Folder) -> list[File]:
    found = []
    for thing in folder.now.values():
        found += _files(thing) if isinstance(thing, Folder) else [thing]
    return found


def _apply(content: bytearray, event: Event) -> None:
    end = event.offset + (len(event.data) if event.what == "write" else event.size)
    if event.what == "truncate":
        del content[event.size :]
        content.extend(bytes(event.size - len(content)))
    elif event.what == "punch":
        end = min(end, len(content))
        if end > event.offset:
            content[event.offset : end] = bytes(end - event.offset)
    else:
        if len(content) < end:
            content.extend(bytes(end - len(content)))
        if event.what == "write":
            content[event.offset : end] = event.data


def _pages(event: Event) -> list[Event]:
    """A write, split at the boundaries where a disk may tear it."""
    if event.what != "write":
        return [event]
    parts, offset = [], event.offset
    while offset < event.offset + len(event.data):
        end = min((offset // PAGE + 1) * PAGE, event.offset + len(event.data))
        parts.append(
            Event("write", event.path, offset=offset, data=event.data[offset - event.offset : end - event.offset])
        )
        offset = end
    return parts
