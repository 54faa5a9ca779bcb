"""A copy of an object store that is in use, as it was at one instant: for backups."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from kumoi.engines.objects import spread
from kumoi.engines.objects.disks import Disks
from kumoi.engines.objects.interface import ObjectsError
from kumoi.engines.objects.layout import HOME, ONE_DISK, Layout, place_of


def copy(source: Path, target: Path, layout: Layout = ONE_DISK) -> None:
    """To the same disk. Nothing may `tidy` the store meanwhile, so the files that the copied index names are all there; they
    never change, so they are linked. Bytes that several disks hold are written whole, as if there were one: the copy needs
    none of the disks."""
    files = target / "files"
    files.mkdir(parents=True)
    disks = Disks(source, layout)
    index = _index(source, disks)
    if index is None:
        return
    with closing(sqlite3.connect(index)) as live, closing(sqlite3.connect(target / "index.db")) as copied:
        live.backup(copied)
        for text in _places(copied):
            place = place_of(text)
            id = place.id if place else text
            (files / id[:2]).mkdir(exist_ok=True)
            made = files / id[:2] / id
            if place is None:
                os.link(source / "files" / id[:2] / id, made, follow_symlinks=False)
            elif not made.exists():
                with spread.opened(disks, place) as whole, made.open("xb") as file:
                    shutil.copyfileobj(whole, file, spread.SEGMENT)
                made.chmod(0o440)
        with copied:
            for table in ("objects", "unwanted"):
                copied.execute(f"UPDATE {table} SET place = substr(place, 1, 32) WHERE length(place) > 32")  # noqa: S608
    for path in (target, *target.rglob("*")):
        original = _original(source, index, path.relative_to(target))
        if not path.is_file() or path.name == "index.db":
            shutil.copystat(original, path, follow_symlinks=False)
        if not path.is_file() or path.stat().st_nlink == 1:
            owner = original.stat(follow_symlinks=False)
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def elsewhere(source: Path, layout: Layout) -> int:
    """Bytes that a copy needs beside those that it links."""
    index = _index(source, Disks(source, layout))
    if index is None or not layout.disks:
        return 0
    with closing(sqlite3.connect(index)) as live:
        return sum(place.size for text in _places(live) if (place := place_of(text)))


def _index(source: Path, disks: Disks) -> Path | None:
    """The index, or a current copy of it; None: the store was never used."""
    current = [root for name in disks.state().copies if not disks.fault(name) and (root := disks.root(name))]
    for path in (root / "index.db" for root in current or [disks.root(HOME) or source]):
        if path.is_file() and not path.is_symlink():
            return path
    if current:
        raise ObjectsError("no copy of the index can be read")
    return None


def _places(index: sqlite3.Connection) -> Iterator[str]:
    wanted = "SELECT place FROM objects WHERE place IS NOT NULL UNION SELECT place FROM unwanted"
    return (place for (place,) in index.execute(wanted).fetchall())


def _original(source: Path, index: Path, found: Path) -> Path:
    """What a file or folder of the copy was copied from, or what its owner is taken from."""
    if found.name == "index.db":
        return index
    return source / found if (source / found).exists() else source / "files"
