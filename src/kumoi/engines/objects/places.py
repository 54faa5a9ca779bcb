"""The SQL by which places of bytes are tidied, mended and audited."""

import sqlite3
from collections.abc import Callable, Iterator

from kumoi.engines.objects import versions


class Places:
    """A part of the index's transaction."""

    _ask: Callable[..., sqlite3.Cursor]
    now: int

    def is_wanted(self, place: str) -> bool:
        """Whether an object has it. `place`: also only its id, with which it begins."""
        return self._is_in("objects", place)

    def unwanted(self, until: int, most: int) -> list[str]:
        """Places that no object has had since `until`."""
        return [
            place for (place,) in self._ask("SELECT place FROM unwanted WHERE since <= ? LIMIT ?", (until, most)).fetchall()
        ]  # fmt: skip

    def is_ahead(self) -> bool:
        """Whether bytes became unneeded at a time that has not come: the clock was set back."""
        return self._ask("SELECT 1 FROM unwanted WHERE since > ? LIMIT 1", (self.now,)).fetchone() is not None

    def catch_up(self) -> None:
        """Let such times be now."""
        self._ask("UPDATE unwanted SET since = ? WHERE since > ?", (self.now, self.now))

    def forget(self, places: list[str]) -> None:
        """Their bytes are gone."""
        for place in places:
            self._ask("DELETE FROM unwanted WHERE place = ?", (place,))

    def places(self) -> Iterator[tuple[str, str, int]]:
        """(place, name, size) of every object that has one."""
        for place, name, size in self._ask("SELECT place, name, size FROM objects WHERE place IS NOT NULL"):
            yield place, versions.shown(name), size

    def is_unwanted(self, place: str) -> bool:
        return self._is_in("unwanted", place)

    def _is_in(self, table: str, place: str) -> bool:
        beginning = (place, place + ".")  # behind `-`, which follows an id
        rows = self._ask(f"SELECT 1 FROM {table} WHERE place >= ? AND place < ? LIMIT 1", beginning)  # noqa: S608
        return rows.fetchone() is not None

    def files(self, after: str, most: int) -> list[tuple[str, str, str]]:
        """(place, name, ETag) of objects that have a place, by place, from behind one on."""
        return self._ask(
            "SELECT place, name, etag FROM objects WHERE place > ? ORDER BY place LIMIT ?", (after, most)
        ).fetchall()

    def all_bytes(self) -> int:
        found: int = self._ask("SELECT coalesce(sum(bytes), 0) FROM accounts").fetchone()[0]
        return found

    def miscounted(self) -> Iterator[tuple[str, str]]:
        """(what, problem): wrong counters, and bytes stored with a name that do not match it."""
        for name, objects, old, size, found, found_old, found_size in self._ask(
            "SELECT account || '/' || name, objects, versions, bytes,"
            " (SELECT count(*) FROM objects WHERE container = containers.id) AS found,"
            " (SELECT count(*) FROM objects WHERE container = -containers.id) AS found_old,"
            " (SELECT coalesce(sum(size), 0) FROM objects WHERE container IN (containers.id, -containers.id)) AS found_size"
            " FROM containers WHERE objects <> found OR versions <> found_old OR bytes <> found_size"
        ):
            yield (
                name,
                (
                    f"it counts {objects} objects and {old} old versions of {size} bytes,"
                    f" but there are {found} and {found_old} of {found_size}"
                ),
            )
        for (name,) in self._ask(
            "SELECT name FROM objects WHERE marker AND container > 0 UNION ALL"
            " SELECT name FROM objects WHERE abs(container) NOT IN (SELECT id FROM containers)"
        ):
            yield versions.shown(name), "it is a delete marker instead of an object, or in no container"
        for name, containers, found in self._ask(
            "SELECT accounts.name, accounts.containers, count(c.id) FROM accounts"
            " LEFT JOIN containers c ON c.account = accounts.name GROUP BY accounts.name"
            " HAVING accounts.containers <> count(c.id)"
            " OR accounts.objects <> coalesce(sum(c.objects + c.versions), 0) OR accounts.bytes <> coalesce(sum(c.bytes), 0)"
        ):
            yield name, f"it counts {containers} containers, but there are {found}, or their sums differ"
        for account, policy in self._ask(
            "SELECT p.account, p.policy FROM policies p"
            " LEFT JOIN containers c ON c.account = p.account AND c.policy = p.policy"
            " GROUP BY p.account, p.policy HAVING p.containers <> count(c.id)"
            " OR p.objects <> coalesce(sum(c.objects + c.versions), 0) OR p.bytes <> coalesce(sum(c.bytes), 0)"
        ):
            yield account, f"its counters of the policy {policy} differ from those of its containers"
        for name in self._ask(
            "SELECT o.name FROM objects o LEFT JOIN small_bytes b ON b.id = o.bytes"
            " WHERE o.place IS NULL AND o.size <> coalesce(length(b.data), -1)"
        ):
            yield versions.shown(name[0]), "its bytes, beside its name, are missing or of another length"
        lost = self._ask(
            "SELECT (SELECT count(*) FROM small_bytes) - (SELECT count(*) FROM objects WHERE bytes IS NOT NULL)"
        ).fetchone()[0]
        if lost:
            yield "-", f"{lost} small objects' bytes have no name"
