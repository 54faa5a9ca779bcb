"""The SQL of containers that are followed: the changes of their objects, and how far a copy of them is."""

import sqlite3
from collections.abc import Callable

from kumoi.engines.objects.interface import FOLLOWED, Change, Container, Follow


class Followed:
    """A part of the index's transaction."""

    _ask: Callable[..., sqlite3.Cursor]

    def _record(self, container: Container, name: str, at: int, *, gone: bool) -> None:
        follow = container.metadata.get(FOLLOWED)
        if follow == Follow.CHANGES or (follow and gone):
            self.note_change(container, Change(0, name, at, gone))
        elif follow:
            self._ask("DELETE FROM changes WHERE container = ? AND name = ?", (container.id, name))

    def changes(self, container: Container, after: int, most: int) -> list[Change]:
        rows = self._ask(
            "SELECT id, name, at, gone FROM changes WHERE container = ? AND id > ? AND waiting ORDER BY id LIMIT ?",
            (container.id, after, most),
        )
        return [Change(id, name, at, bool(gone)) for id, name, at, gone in rows.fetchall()]

    def removed_at(self, container: Container, name: str) -> int | None:
        row: tuple[int] | None = self._ask(
            "SELECT at FROM changes WHERE container = ? AND name = ? AND gone", (container.id, name)
        ).fetchone()
        return row[0] if row else None

    def follower(self, container: Container) -> bytes | None:
        row: tuple[bytes] | None = self._ask(
            "SELECT state FROM followers WHERE container = ?", (container.id,)
        ).fetchone()
        return row[0] if row else None

    def put_follower(self, container: Container, state: bytes | None) -> None:
        if state is None:
            self._ask("DELETE FROM followers WHERE container = ?", (container.id,))
        else:
            self._ask("INSERT OR REPLACE INTO followers VALUES (?, ?)", (container.id, state))

    def note_change(self, container: Container, change: Change) -> None:
        waiting = container.metadata.get(FOLLOWED) == Follow.CHANGES
        self._ask(
            "INSERT OR REPLACE INTO changes (container, name, at, gone, waiting) VALUES (?, ?, ?, ?, ?)",
            (container.id, change.name, change.at, change.gone, waiting),
        )

    def settle_change(self, container: Container, change: Change, *, again: bool) -> None:
        if change.gone and not again:
            self._ask("UPDATE changes SET waiting = 0 WHERE id = ?", (change.id,))
        elif self._ask("DELETE FROM changes WHERE id = ?", (change.id,)).rowcount and again:
            self.note_change(container, change)

    def forget_changes(self, until: int, most: int) -> None:
        old = "SELECT id FROM changes WHERE NOT waiting AND at < ? LIMIT ?"
        self._ask(f"DELETE FROM changes WHERE id IN ({old})", (until, most))  # noqa: S608
