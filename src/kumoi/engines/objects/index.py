"""The SQL of the index: names, counters and small bytes of all objects in one SQLite file (`tables.py`).

With several disks the statements are repeated on copies (`mirrors.py`), so they depend only on the tables and their values.
"""

from typing import Any

import msgspec

from kumoi.engines.objects import versions
from kumoi.engines.objects.followed import Followed
from kumoi.engines.objects.interface import (
    DEFAULT,
    FOLLOWED,
    RESOLUTION,
    Account,
    Container,
    Listed,
    Object,
    ObjectsError,
    Page,
    Stored,
    Versioning,
)
from kumoi.engines.objects.pages import Row, bounds, walk
from kumoi.engines.objects.places import Places
from kumoi.engines.objects.tables import Asked
from kumoi.engines.objects.versions import Versions
from kumoi.kernel import clock

_ACCOUNT = "SELECT created_at, containers, objects, bytes, metadata FROM accounts WHERE name = ?"
_CONTAINER_FIELDS = "id, created_at, changed_at, policy, objects, bytes, metadata, versions, versioning"
_CONTAINER = f"SELECT {_CONTAINER_FIELDS} FROM containers WHERE account = ? AND name = ?"  # noqa: S608
_OBJECT = """SELECT size, etag, content_type, at, entry, metadata, delete_at, place, version, named, marker
    FROM objects WHERE container = ? AND name = ?"""
_DATA = """SELECT data, version, etag FROM objects JOIN small_bytes ON small_bytes.id = objects.bytes
    WHERE container = ? AND name = ?"""
_OLD = "SELECT size, place, bytes FROM objects WHERE container = ? AND name = ?"
_VERSIONING = {each.value: each for each in Versioning}
_decode = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.Encoder().encode


class Index(Versions, Followed, Places):
    """One transaction for reading and writing; implements Writing."""

    def __init__(self, connection: Asked) -> None:
        self._ask = connection.execute
        self.now = clock.now() // RESOLUTION * RESOLUTION

    def account(self, name: str) -> Account | None:
        row = self._ask(_ACCOUNT, (name,)).fetchone()
        if row is None:
            return None
        created_at, containers, objects, size, metadata = row
        return Account(
            name=name, created_at=created_at, containers=containers, objects=objects, bytes=size,
            metadata=_decode(metadata),
        )  # fmt: skip

    def container(self, account: str, name: str) -> Container | None:
        row = self._ask(_CONTAINER, (account, name)).fetchone()
        return None if row is None else _container(account, name, row)

    def object(self, container: Container, name: str) -> Object | None:
        return self._row(container.id, name)

    def _row(self, id: int, name: str) -> Object | None:
        row = self._ask(_OBJECT, (id, name)).fetchone()
        if row is None:
            return None
        size, etag, content_type, at, entry, metadata, delete_at, place, version, named, marker = row
        return Object(
            name=name, size=size, etag=etag, content_type=content_type, at=at, entry=entry, metadata=_decode(metadata),
            delete_at=delete_at, place=place, version=version, named=bool(named), marker=bool(marker),
        )  # fmt: skip

    def data(self, container: Container, name: str, version: int | None = None) -> bytes:
        row = self._ask(_DATA, (container.id, name)).fetchone()
        if version is not None and (row is None or row[1] != version):
            row = self._ask(_DATA, (-container.id, versions.key(name, version))).fetchone()
        if row is None:
            raise ObjectsError(f"object {name} has no data")
        return self._sound(name, row[0], row[2])

    def _sound(self, name: str, data: bytes, etag: str) -> bytes:
        """There is only one copy of it."""
        return data

    def containers(self, account: str, page: Page) -> list[tuple[str, Container | None]]:
        def fetch(low: str, high: str | None, count: int) -> list[Row]:
            return self._between(
                f"name, {_CONTAINER_FIELDS} FROM containers WHERE account = ?", account, low, high, page.reverse, count
            )

        return [(name, _container(account, name, row[1:]) if row else None) for name, row in walk(page, fetch)]

    def objects(self, container: Container, page: Page) -> list[Listed]:
        def fetch(low: str, high: str | None, count: int) -> list[Row]:
            return self._between(
                "name, entry FROM objects WHERE container = ?", container.id, low, high, page.reverse, count
            )

        return [Listed(name, row[1] if row else None) for name, row in walk(page, fetch)]

    def names(self, container: Container, page: Page) -> bytes:
        text = self._joined(container, page, "name", "\n")
        return text + b"\n" if text else b""

    def entries(self, container: Container, page: Page) -> bytes:
        return self._joined(container, page, "entry", ",")

    def _joined(self, container: Container, page: Page, column: str, between: str) -> bytes:
        """SQLite joins 10,000 rows five times faster than it returns them."""
        low, high = bounds(page)
        rows, values = _range(
            f"{column} FROM objects WHERE container = ?", container.id, low, high, page.reverse, page.limit
        )
        # As bytes, because decoding and encoding a megabyte takes as long again.
        joined = f"SELECT CAST(group_concat({column}, ?) AS BLOB) FROM ({rows})"  # noqa: S608
        found: bytes | None = self._ask(joined, (between, *values)).fetchone()[0]
        return found or b""

    def _between(self, what: str, key: Any, low: str, high: str | None, reverse: bool, count: int) -> list[Row]:
        rows, values = _range(what, key, low, high, reverse, count)
        return self._ask(rows, values).fetchall()

    def _rows(self, id: int, low: str, high: str | None, reverse: bool, count: int) -> list[Row]:
        fields = "name, entry, version, named, marker FROM objects WHERE container = ?"
        return self._between(fields, id, low, high, reverse, count)

    def _null_row(self, id: int, low: str, high: str) -> str | None:
        row = self._ask(
            "SELECT name FROM objects INDEXED BY objects_old_nulls"
            " WHERE container = ? AND container < 0 AND named = 0 AND name > ? AND name < ?",
            (id, low, high),
        ).fetchone()
        return row[0] if row else None

    def expired(self, until: int, most: int) -> list[tuple[Container, str]]:
        fields = ", ".join(f"containers.{field}" for field in _CONTAINER_FIELDS.split(", "))
        joined = f"objects.name, containers.account, containers.name, {fields}"
        rows = self._ask(
            f"SELECT {joined} FROM objects JOIN containers ON containers.id = objects.container"  # noqa: S608
            " WHERE delete_at IS NOT NULL AND delete_at <= ? ORDER BY delete_at LIMIT ?",
            (until, most),
        ).fetchall()
        return [(_container(account, container, row), name) for name, account, container, *row in rows]

    def put_account(self, name: str, metadata: dict[str, str]) -> Account:
        self._ask(
            "INSERT INTO accounts VALUES (?, ?, 0, 0, 0, ?) ON CONFLICT (name) DO UPDATE SET metadata = excluded.metadata",
            (name, self.now, _encode(metadata)),
        )
        account = self.account(name)
        assert account is not None
        return account

    def remove_account(self, name: str) -> None:
        self._ask("DELETE FROM policies WHERE account = ?", (name,))
        self._ask("DELETE FROM accounts WHERE name = ?", (name,))

    def put_container(self, account: str, name: str, metadata: dict[str, str], policy: str) -> Container:
        known = self.container(account, name)
        if known is not None:
            self._ask(
                "UPDATE containers SET metadata = ?, changed_at = ? WHERE id = ?",
                (_encode(metadata), self.now, known.id),
            )
            known.metadata, known.changed_at = metadata, self.now
            return known
        id = self._ask(
            "INSERT INTO containers (account, name, created_at, changed_at, policy, objects, bytes, metadata)"
            " VALUES (?, ?, ?, ?, ?, 0, 0, ?)",
            (account, name, self.now, self.now, policy, _encode(metadata)),
        ).lastrowid
        assert id is not None
        self._ask(
            "INSERT INTO accounts VALUES (?, ?, 1, 0, 0, x'7b7d')"
            " ON CONFLICT (name) DO UPDATE SET containers = containers + 1",
            (account, self.now),
        )
        self._count_policy(account, policy, 1, 0, 0)
        return Container(
            id=id,
            account=account,
            name=name,
            created_at=self.now,
            changed_at=self.now,
            policy=policy,
            metadata=metadata,
        )

    def remove_container(self, container: Container) -> None:
        if self._ask("DELETE FROM containers WHERE id = ?", (container.id,)).rowcount:
            if container.metadata.get(FOLLOWED):
                # Nobody asks for its changes any more; they go with other old ones.
                self._ask("UPDATE changes SET waiting = 0 WHERE container = ? AND waiting", (container.id,))
                self.put_follower(container, None)
            self._ask("UPDATE accounts SET containers = containers - 1 WHERE name = ?", (container.account,))
            self._count_policy(container.account, container.policy, -1, 0, 0)

    def set_versioning(self, container: Container, versioning: Versioning) -> None:
        self._ask(
            "UPDATE containers SET versioning = ?, changed_at = ? WHERE id = ?", (versioning, self.now, container.id)
        )

    def put_object(self, container: Container, object: Object, stored: Stored | None) -> None:
        if stored is not None:
            self._make_way(container, object)
        id, row = container.id, object.name
        if object.old:
            id, row = -container.id, versions.key(object.name, object.version)
        old = self._ask(_OLD, (id, row)).fetchone()
        old_size, old_place, old_bytes = old or (0, None, None)
        place, bytes_id = object.place, old_bytes
        if stored is not None:
            place, bytes_id = stored.place, self._keep_bytes(stored)
            self._let_go(old_place, old_bytes)
        self._insert(id, row, object, place, bytes_id)
        self._count(container, 0 if old else 1, object.size - old_size)
        if not object.old:
            self._record(container, object.name, object.at, gone=False)

    def _keep_bytes(self, stored: Stored) -> int | None:
        if stored.data is None:
            return None
        return self._ask("INSERT INTO small_bytes (data) VALUES (?)", (stored.data,)).lastrowid

    def move_object(self, container: Container, name: str, to: Container, object: Object) -> None:
        size, place, bytes_id = self._ask(_OLD, (container.id, name)).fetchone()
        self._ask("DELETE FROM objects WHERE container = ? AND name = ?", (container.id, name))
        self._count(container, -1, -size)
        self._make_way(to, object)
        self._record(container, name, self.now, gone=True)
        self.remove_object(to, object.name)
        self._insert(to.id, object.name, object, place, bytes_id)
        self._count(to, 1, object.size)
        self._record(to, object.name, object.at, gone=False)

    def _insert(self, id: int, row: str, object: Object, place: str | None, bytes_id: int | None) -> None:
        self._ask(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                id, row, object.entry, object.size, object.etag, object.content_type, object.at, _encode(object.metadata),
                object.delete_at, place, bytes_id, object.version, object.named, object.marker,
            ),
        )  # fmt: skip

    def _add_row(self, id: int, name: str, object: Object, stored: Stored) -> None:
        self._insert(id, name, object, stored.place, self._keep_bytes(stored))

    def _move_row(self, id: int, name: str, to: int, new_name: str) -> None:
        self._ask(
            "UPDATE objects SET container = ?, name = ?, delete_at = NULL WHERE container = ? AND name = ?",
            (to, new_name, id, name),
        )

    def _drop_row(self, id: int, name: str) -> int:
        size, place, bytes_id = self._ask(_OLD, (id, name)).fetchone()
        self._ask("DELETE FROM objects WHERE container = ? AND name = ?", (id, name))
        self._let_go(place, bytes_id)
        return int(size)

    def remove_object(self, container: Container, name: str, at: int | None = None) -> bool:
        if self._ask(_OLD, (container.id, name)).fetchone() is None:
            return False
        self._count(container, -1, -self._drop_row(container.id, name))
        self._record(container, name, self.now if at is None else at, gone=True)
        return True

    def followers(self) -> list[tuple[Container, bytes]]:
        fields = ", ".join(f"containers.{field}" for field in _CONTAINER_FIELDS.split(", "))
        rows = self._ask(
            f"SELECT state, account, name, {fields} FROM followers JOIN containers ON containers.id = container"  # noqa: S608
        ).fetchall()
        return [(_container(account, name, row), state) for state, account, name, *row in rows]

    def _let_go(self, place: str | None, bytes_id: int | None) -> None:
        if bytes_id is not None:
            self._ask("DELETE FROM small_bytes WHERE id = ?", (bytes_id,))
        if place is not None:
            self._ask("INSERT OR IGNORE INTO unwanted VALUES (?, ?)", (place, self.now))

    def _count(self, container: Container, objects: int, size: int, versions: int = 0) -> None:
        self._ask(
            "UPDATE containers SET objects = objects + ?, bytes = bytes + ?, versions = versions + ?, changed_at = ?"
            " WHERE id = ?",
            (objects, size, versions, self.now, container.id),
        )
        if objects + versions or size:
            self._ask(
                "UPDATE accounts SET objects = objects + ?, bytes = bytes + ? WHERE name = ?",
                (objects + versions, size, container.account),
            )
            self._count_policy(container.account, container.policy, 0, objects + versions, size)

    def _count_policy(self, account: str, policy: str, containers: int, objects: int, size: int) -> None:
        """Nothing for the default policy, which has what the others leave of the account's counters."""
        if policy not in ("", DEFAULT):
            self._ask(
                "INSERT INTO policies VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, policy) DO UPDATE SET"
                " containers = containers + excluded.containers, objects = objects + excluded.objects,"
                " bytes = bytes + excluded.bytes",
                (account, policy, containers, objects, size),
            )

    def by_policy(self, account: str) -> dict[str, tuple[int, int, int]]:
        rows = self._ask("SELECT policy, containers, objects, bytes FROM policies WHERE account = ?", (account,))
        return {policy: (containers, objects, size) for policy, containers, objects, size in rows}


def _container(account: str, name: str, row: Row) -> Container:
    id, created_at, changed_at, policy, objects, size, metadata, old, versioning = row
    return Container(
        id=id, account=account, name=name, created_at=created_at, changed_at=changed_at, policy=policy, objects=objects,
        bytes=size, versions=old, versioning=_VERSIONING[versioning], metadata=_decode(metadata),
    )  # fmt: skip


def _range(what: str, key: Any, low: str, high: str | None, reverse: bool, count: int) -> tuple[str, tuple[Any, ...]]:
    """A SELECT of the rows of `key` whose names are in [low, high), and its values."""
    until, values = ("", ()) if high is None else (" AND name < ?", (high,))
    order = "DESC" if reverse else "ASC"
    return f"SELECT {what} AND name >= ?{until} ORDER BY name {order} LIMIT ?", (key, low, *values, count)
