"""What the runner does for the disks of an object store: it notices which came and went, makes what is missing on them, and
reads everything now and then to find rot."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kumoi.engines.objects import spread
from kumoi.engines.objects.disks import Disks, State, note, remove
from kumoi.engines.objects.index import Index
from kumoi.engines.objects.interface import ObjectsError
from kumoi.engines.objects.layout import Place, place_of
from kumoi.kernel import clock, log

if TYPE_CHECKING:
    from kumoi.engines.objects.many import ManyDisks

RATE = 64 << 20
"""Bytes in a second that are read to make missing files."""
SLOWEST_SCRUB = 4 << 20
"""Bytes in a second, if the days of the settings do not require more."""
SLICE_SECONDS = 45.0
_AT_ONCE = 500
DAY = 24 * 3600 * clock.SECOND


def look_after(store: "ManyDisks") -> None:
    _notice(store.disks)
    for name in store.mirrors.missing():
        try:
            store.mirrors.grow(name)
        except (sqlite3.Error, OSError, ObjectsError) as error:
            log.fault(__name__, "a copy of the index could not be made", disk=name)
            store.disks.change(lambda state, name=name, error=error: note(state, "index_copy.failed", name, str(error)))  # type: ignore[misc]
    state = store.disks.state()
    for name in store.disks.all_there():
        if state.disks[name].behind:
            rebuild(store, name)


def _notice(disks: Disks) -> None:
    """Which disks went and came back since the last time."""
    found = {name: disks.fault(name) for name in disks.layout.disks}

    def work(state: State) -> None:
        for name, fault in found.items():
            known = state.disks.get(name)
            if known is None or bool(known.lost) == bool(fault):
                continue
            known.lost, known.since = fault, clock.now()
            note(state, "lost" if fault else "returned", name, fault or "it is there again")

    known = disks.state().disks
    if any(name in known and bool(known[name].lost) != bool(fault) for name, fault in found.items()):
        disks.change(work)


def _pace(size: int) -> None:
    clock.sleep(size / RATE)


def rebuild(store: "ManyDisks", name: str) -> None:
    """Make each file that a disk lacks, and remove those that no object has any more."""
    disks, root = store.disks, store.disks.root(name)
    assert root is not None
    before, made, failed = disks.state().disks[name].behind, 0, 0
    for draft in (root / "incoming").glob("*.again"):
        remove(draft)
    for text, object_name, _ in files(store):
        place = place_of(text)
        if place is None or name not in place.disks:
            continue
        number = place.disks.index(name)
        if has_its_size(disks, place, number):
            continue
        try:
            spread.make_again(disks, place, number, _pace)
            made += 1
        except (OSError, ObjectsError) as error:
            failed += 1
            log.say(__name__, "a file could not be made again", disk=name, object=object_name, problem=str(error))
            if disks.fault(name):
                return
        if not store.read(lambda tx, id=place.id: _is_known(tx, id)):  # type: ignore[misc]
            remove(spread.lasting(root, place.id))  # It was deleted meanwhile.
    for id in store.read(lambda tx: list(strays(tx, root))):
        remove(spread.lasting(root, id))

    def done(state: State) -> None:
        known = state.disks[name]
        if not failed and known.behind == before:
            known.behind = 0
        note(state, "rebuilt", name, f"{made} files were made" + (f", {failed} could not be" if failed else ""))

    if made or not failed:
        disks.change(done)


def files(store: "ManyDisks", after: str = "") -> Iterator[tuple[str, str, str]]:
    """(place, name, ETag) of every object that has a place, by place."""
    while found := store.read(lambda tx, after=after: _of(tx).files(after, _AT_ONCE)):  # type: ignore[misc]
        yield from found
        after = found[-1][0]


def _of(tx: Any) -> Index:
    assert isinstance(tx, Index)
    return tx


def _is_known(tx: Any, id: str) -> bool:
    return _of(tx).is_wanted(id) or _of(tx).is_unwanted(id)


def has_its_size(disks: Disks, place: Place, number: int) -> bool:
    root = disks.root(place.disks[number])
    if root is None:
        return False
    try:
        size = os.stat(spread.lasting(root, place.id)).st_size
    except OSError:
        return False
    if not place.policy.coded:
        return size == place.size
    frame = spread.frame_size(place.policy.data, place.policy.parity)
    segments = -(-place.size // spread.SEGMENT)
    return (segments - 1) * frame < size <= segments * frame


def strays(tx: Any, root: Path) -> Iterator[str]:
    """Files of a disk that no object has or had a moment ago."""
    with os.scandir(root / "files") as folders:
        for folder in folders:
            for id in os.listdir(folder.path) if folder.is_dir() else ():
                # In this order: the record goes after the object's name is in the index.
                if not (root / "incoming" / id).exists() and not _is_known(tx, id):
                    yield id


def scrub(store: "ManyDisks") -> None:
    """Go on with the current round for a while, or begin one if it is time."""
    disks = store.disks
    state = disks.state()
    if state.scrub.begun <= state.scrub.ended:
        if state.scrub.begun and clock.now() - state.scrub.begun < store.layout.scrub_days * DAY:
            return
        compare_copies(store)
        there = store.read(lambda tx: {place for place in state.rotten if _of(tx).is_wanted(place)})

        def begin(state: State) -> None:
            state.scrub.begun, state.scrub.after = clock.now(), ""
            state.rotten = {place: told for place, told in state.rotten.items() if place in there}

        state = disks.change(begin)
    rate = max(SLOWEST_SCRUB, 2 * store.read(lambda tx: _of(tx).all_bytes()) // (store.layout.scrub_days * 86400))
    until, position = clock.monotonic() + SLICE_SECONDS, state.scrub.after
    for position, name, etag in files(store, state.scrub.after):
        _check(store, position, name, etag, rate)
        if clock.monotonic() >= until:
            break
    else:
        position = ""

    def go_on(state: State) -> None:
        state.scrub.after = position
        if not position:
            state.scrub.ended = max(clock.now(), state.scrub.begun)
            note(state, "scrubbed", "all", f"{len(state.rotten)} objects could not be mended")

    disks.change(go_on)


def _check(store: "ManyDisks", text: str, name: str, etag: str, rate: int) -> None:
    """Read every file of an object, and make those again that have rotted."""
    disks, place = store.disks, place_of(text)

    def pace(size: int) -> None:
        clock.sleep(size / rate)

    if place is None:
        problem = _checked_here(store, text, etag, pace) if len(etag) == 32 else ""
        if problem or text in disks.state().rotten:
            disks.change(lambda state: _rotten(state, text, name, problem))
        return
    state, unmended = disks.state(), ""
    for number, disk in enumerate(place.disks):
        if disks.fault(disk) or state.disks[disk].behind:
            continue
        problem = spread.problem_of(disks, place, number, pace)
        if not problem or not store.read(lambda tx: _of(tx).is_wanted(place.id)):
            continue
        try:
            spread.make_again(disks, place, number, pace)
        except (OSError, ObjectsError) as error:
            unmended = f"on the disk {disk}: {problem}; it could not be mended: {error}"
        else:
            disks.change(
                lambda state, disk=disk, problem=problem: note(state, "rot.mended", place.id, f"{disk}: {problem}")  # type: ignore[misc]
            )
    if unmended or text in state.rotten:
        disks.change(lambda state: _rotten(state, text, name, unmended))


def _rotten(state: State, text: str, name: str, problem: str) -> None:
    """`problem` empty: not any more."""
    if not problem:
        state.rotten.pop(text, None)
        return
    if text not in state.rotten:
        note(state, "rot.found", text[:32], problem)
    state.rotten[text] = [name, problem]


def _checked_here(store: "ManyDisks", place: str, etag: str, pace: Any) -> str:
    md5 = hashlib.md5(usedforsecurity=False)
    try:
        with store.open(place) as file:
            while data := file.read(spread.SEGMENT):
                md5.update(data)
                pace(len(data))
    except (OSError, ObjectsError) as error:
        if not store.read(lambda tx: _of(tx).is_wanted(place)):
            return ""
        return f"it cannot be read: {error}"
    return "" if md5.hexdigest() == etag else "it has other bytes than were written"


def compare_copies(store: "ManyDisks") -> None:
    """Read every row of each copy of the index at one instant. A copy whose rows are not those of the others is made anew."""
    mirrors = store.mirrors
    with ExitStack() as stack:
        copies = mirrors.snapshots(stack)
        bad: dict[str, str] = {}
        for name, connection in copies.items():
            try:
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            except sqlite3.DatabaseError as error:
                found = str(error)
            if found != "ok":
                bad[name] = f"its file is damaged: {found[:200]}"
        sound = {name: connection for name, connection in copies.items() if name not in bad}
        bad |= _unlike(sound)
        if bad and len(bad) < len(copies):
            mirrors.drop({name: RuntimeError(problem) for name, problem in bad.items()})

        def tell(state: State) -> None:
            state.damaged = (
                "; ".join(f"{name}: {told}" for name, told in bad.items()) if len(bad) == len(copies) else ""
            )
            if state.damaged:
                note(state, "index.rot.found", "all", state.damaged)

        if bad or store.disks.state().damaged:
            store.disks.change(tell)


def _unlike(copies: dict[str, sqlite3.Connection]) -> dict[str, str]:
    """Copies with other rows than the right ones → what is wrong."""
    if len(copies) < 2:
        return {}
    first = next(iter(copies.values()))
    tables = first.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'log'"
    ).fetchall()
    bad: dict[str, str] = {}
    for (table,) in tables:
        try:
            cursors = [each.execute(f"SELECT * FROM {table}") for each in copies.values()]  # noqa: S608
            for rows in zip_longest(*cursors):
                if any(row != rows[0] for row in rows[1:]):
                    bad |= _judged(dict(zip(copies, rows, strict=True)), table, first)
                    break
        except sqlite3.DatabaseError:
            # Which one cannot be read is found by reading each alone.
            for name, each in copies.items():
                try:
                    each.execute(f"SELECT count(*) FROM (SELECT * FROM {table} ORDER BY 1)").fetchone()  # noqa: S608
                except sqlite3.DatabaseError as error:
                    bad[name] = f"{table} cannot be read: {error}"
    return bad


def _judged(rows: dict[str, Any], table: str, index: sqlite3.Connection) -> dict[str, str]:
    """Right is what has the checksum of its object, or else what most copies have."""
    right: list[str] = []
    if table == "small_bytes" and all(rows.values()):
        id = next(iter(rows.values()))[0]
        owner = index.execute("SELECT etag FROM objects WHERE bytes = ?", (id,)).fetchone()
        if owner is not None:
            right = [
                name for name, row in rows.items()
                if hashlib.md5(row[1], usedforsecurity=False).hexdigest() == owner[0]
            ]  # fmt: skip
    if not right:
        values = list(rows.values())
        most = max(values, key=values.count)
        if 2 * values.count(most) > len(values):
            right = [name for name, row in rows.items() if row == most]
    problem = f"a row of {table} has other bytes than on other disks"
    return {name: problem for name in rows if name not in right}
