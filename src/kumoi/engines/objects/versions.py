"""Versions of objects. The current object of a name is stored as in any container. Old versions and delete markers are rows
of the same kind under the negative id of their container, with the version's number behind their name. So everything that
handles rows and their bytes handles old versions too, and lists of current objects do not meet them."""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice

from kumoi.engines.objects.interface import Container, ListedVersion, Object, Stored, Versioning, VersionPage
from kumoi.engines.objects.pages import Row, after, just_behind, walk

_LATEST = 10**16 - 1
_NO_BYTES = Stored(0, "d41d8cd98f00b204e9800998ecf8427e", b"", None)
_MICROSECONDS = 10
"""Of one number of a version, so that a number has the five decimal digits of Swift's times."""


def key(name: str, version: int) -> str:
    """The name of the row of an old version. Newer ones are first. No name of an object contains NUL."""
    return f"{name}\0{_LATEST - version:016d}"


def split(row: str) -> tuple[str, int]:
    """(name, version) of the name of a row."""
    name, _, number = row.partition("\0")
    return name, _LATEST - int(number)


def shown(row: str) -> str:
    """The name of a row, for people."""
    name, _, number = row.partition("\0")
    return f"{name}, version {_LATEST - int(number)}" if number else name


def behind(name: str) -> str:
    """A bound behind all versions of this name."""
    return f"{name}\0:"


def bounds(page: VersionPage) -> tuple[str, str | None]:
    """The rows of a page are in [low, high); high None: no end."""
    low, high, number = page.prefix, after(page.prefix), page.version_marker
    if page.reverse:
        above = behind(page.end_marker) if page.end_marker else ""
        below = page.marker and (page.marker if number is None else key(page.marker, number))
    else:
        above = page.marker and (behind(page.marker) if number is None else just_behind(key(page.marker, number)))
        below = page.end_marker
    if above:
        low = max(low, above, key=str.encode)
    if below:
        high = below if high is None else min(high, below, key=str.encode)
    return low, high


class Versions(ABC):
    """What the transactions of both engines have in common. The engine stores rows: a container's number and a name."""

    now: int

    @abstractmethod
    def _row(self, id: int, name: str) -> Object | None: ...

    @abstractmethod
    def _rows(self, id: int, low: str, high: str | None, reverse: bool, count: int) -> list[Row]:
        """Name, entry, version, named, marker."""

    @abstractmethod
    def _null_row(self, id: int, low: str, high: str) -> str | None:
        """The row of the null version among these, if there is one."""

    @abstractmethod
    def _add_row(self, id: int, name: str, object: Object, stored: Stored) -> None: ...

    @abstractmethod
    def _move_row(self, id: int, name: str, to: int, new_name: str) -> None:
        """It no longer expires."""

    @abstractmethod
    def _drop_row(self, id: int, name: str) -> int:
        """Its size. Its bytes are not needed any more."""

    @abstractmethod
    def _count(self, container: Container, objects: int, size: int, versions: int = 0) -> None: ...

    def version(self, container: Container, name: str, number: int | None) -> Object | None:
        current = self._row(container.id, name)
        if current and (not current.named if number is None else current.version == number):
            return current
        if not container.versioning:
            return None
        row = self._old_null(container, name) if number is None else key(name, number)
        return self._old(container, row) if row else None

    def newest_version(self, container: Container, name: str) -> Object | None:
        rows = self._rows(-container.id, f"{name}\0", behind(name), False, 1) if container.versioning else []
        return self._old(container, rows[0][0]) if rows else None

    def _old(self, container: Container, row: str) -> Object | None:
        found = self._row(-container.id, row)
        if found is not None:
            found.name, found.old = split(row)[0], True
        return found

    def _old_null(self, container: Container, name: str) -> str | None:
        return self._null_row(-container.id, f"{name}\0", behind(name))

    def versions(self, container: Container, page: VersionPage) -> list[ListedVersion]:
        found: list[ListedVersion] = []
        within = bounds(page)

        def fetch(low: str, high: str | None, count: int) -> list[Row]:
            return self._both(container, page.reverse, low, high, count)

        for row_name, row in walk(page, fetch, within, _name):
            if row is None:
                found.append(ListedVersion(row_name, None))
                continue
            _, entry, version, named, marker, current = row
            name = _name(row[0])
            is_first = page.reverse or not found or found[-1].name != name
            latest = bool(current) or bool(marker and is_first and self._is_latest(container, name, version))
            found.append(ListedVersion(name, entry, version, bool(named), bool(marker), latest))
        return found

    def _both(self, container: Container, reverse: bool, low: str, high: str | None, count: int) -> list[Row]:
        """Current and old versions in one order, each with whether it is current."""
        first, last = low.partition("\0")[0], high
        if high is not None and "\0" in high:
            last = f"{high.partition(chr(0))[0]}\0"
        current: Iterator[Row] = (
            (row, entry, version, named, marker, True)
            for name, entry, version, named, marker in self._rows(container.id, first, last, reverse, count + 1)
            for row in (key(name, version),)
            if row >= low and (high is None or row < high)
        )
        old: Iterator[Row] = (
            (*row, False)
            for row in (self._rows(-container.id, low, high, reverse, count) if container.versioning else ())
        )
        return list(islice(heapq.merge(current, old, key=lambda row: row[0], reverse=reverse), count))

    def _is_latest(self, container: Container, name: str, version: int) -> bool:
        """Of a delete marker."""
        newest = self._rows(-container.id, f"{name}\0", behind(name), False, 1)
        return bool(newest) and newest[0][2] == version and self._row(container.id, name) is None

    def keep_version(self, container: Container, name: str) -> None:
        current = self._row(container.id, name)
        if current is not None:
            self._move_row(container.id, name, -container.id, key(name, current.version))
            self._count(container, -1, 0, 1)

    def put_marker(self, container: Container, marker: Object) -> None:
        self._make_way(container, marker)
        marker.marker = True
        self._add_row(-container.id, key(marker.name, marker.version), marker, _NO_BYTES)
        self._count(container, 0, marker.size, 1)

    def remove_version(self, container: Container, object: Object) -> None:
        if object.old:
            size = self._drop_row(-container.id, key(object.name, object.version))
            self._count(container, 0, -size, -1)
        else:
            size = self._drop_row(container.id, object.name)
            self._count(container, -1, -size)

    def restore_version(self, container: Container, object: Object) -> None:
        self.keep_version(container, object.name)
        self._move_row(-container.id, key(object.name, object.version), container.id, object.name)
        self._count(container, 1, 0, -1)

    def _make_way(self, container: Container, object: Object) -> None:
        """For a new version of a name: give it its number; keep the current object, unless the new one replaces it."""
        object.named, object.version, object.old = container.versioning == Versioning.ENABLED, 0, False
        if not container.versioning:
            return
        current, newest = self._row(container.id, object.name), self.newest_version(container, object.name)
        known = max((each.version for each in (current, newest) if each), default=0)
        object.version = max(self.now // _MICROSECONDS, known + 1)
        if current is not None and (object.named or current.named):
            self.keep_version(container, object.name)
        if not object.named and (null := self.version(container, object.name, None)) is not None:
            self.remove_version(container, null)


def _name(row: str) -> str:
    return row.partition("\0")[0]
