"""Rows of the northbound database under ids that follow from ours, and the ledger of their revisions."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kumoi.engines.network.interface import Content, NotThere
from kumoi.kernel import clock
from kumoi.kernel.fences import Stale

Row = Any
"""A row of the `ovs` library: columns are attributes, references are rows; optional columns are lists."""

S = TypeVar("S", bound=Content)

LEDGER = "Copp"
"""A table whose rows OVN ignores unless a switch or router refers to them. Nothing refers to the ledger's rows."""
REMEMBERED = 3600 * clock.SECOND
"""How long a removed resource's revision is kept."""
SWEEP_EVERY = 64
"""One in so many removals searches for revisions to forget."""
SPACE = uuid.UUID("5f0f2b0e-6f0a-5a52-9d35-6b756d6f6900")


def row_id(kind: str, *parts: str) -> uuid.UUID:
    """The same id for the same resource in every process, so two writers cannot create a row twice."""
    return uuid.uuid5(SPACE, "/".join((kind, *parts)))


class Rows:
    """In a transaction: find, put, join and drop. Without a transaction: find."""

    def __init__(self, tables: Mapping[str, Any], transaction: Any = None) -> None:
        self.tables, self.transaction = tables, transaction
        self._new: set[uuid.UUID] = set()

    def find(self, table: str, identifier: uuid.UUID) -> Row | None:
        return self.tables[table].rows.get(identifier)

    def need(self, table: str, identifier: uuid.UUID, what: str) -> Row:
        row = self.find(table, identifier)
        if row is None:
            raise NotThere(f"{what} is not in the topology yet")
        return row

    def all(self, table: str, kind: str | None = None) -> list[Row]:
        return [
            row
            for row in self.tables[table].rows.values()
            if kind is None or row.external_ids.get("kumoi:kind") == kind
        ]

    def put(self, table: str, identifier: uuid.UUID, **columns: Any) -> Row:
        """Create the row with these columns, or change the columns that differ."""
        row = self.find(table, identifier)
        if row is None:
            row = self.transaction.insert(self.tables[table], new_uuid=identifier, persist_uuid=True)
            self._new.add(identifier)
        for column, value in columns.items():
            if identifier in self._new or not _same(getattr(row, column), value):
                setattr(row, column, value)
        return row

    def is_new(self, row: Row) -> bool:
        """Whether this transaction created it."""
        return row.uuid in self._new

    def join(self, row: Row, column: str, member: Row) -> None:
        """Add a reference. Does not read or change what other writers add to the same column."""
        if row.uuid in self._new:
            setattr(row, column, [*getattr(row, column, []), member])
        else:
            row.addvalue(column, member)

    def part(self, row: Row, column: str, member: Row) -> None:
        """Remove a reference. A row without references is deleted automatically, unless its table is a root."""
        row.delvalue(column, member)

    def delete(self, row: Row) -> None:
        row.delete()

    def stamp(self, kind: str, identifier: str, revision: int, **more: str) -> dict[str, str]:
        """external_ids of a resource's main row."""
        return {
            "kumoi:kind": kind,
            "kumoi:id": identifier,
            "kumoi:revision": str(revision),
            **{f"kumoi:{key}": value for key, value in more.items()},
        }

    def admit(self, kind: str, identifier: str, revision: int, removed: bool = False) -> None:
        """Write the revision to the ledger, or raise Stale if the ledger has a newer one.

        The same transaction verifies the entry (or creates it under an id that can exist only once). So of two
        concurrent writers one sees the other's entry.
        """
        entry_id = row_id("ledger", kind, identifier)
        entry = self.find(LEDGER, entry_id)
        if entry is not None:
            entry.verify("external_ids")
            held = int(entry.external_ids["kumoi:revision"])
            gone = "kumoi:removed" in entry.external_ids
            if revision < held or (revision == held and gone and not removed):
                raise Stale(f"{kind} {identifier}: revision {revision} comes after {held}")
        marks = self.stamp(kind, identifier, revision)
        if removed:
            if entry is not None and "kumoi:removed" in entry.external_ids:
                marks["kumoi:removed"] = entry.external_ids["kumoi:removed"]
            else:
                marks["kumoi:removed"] = str(clock.now())
                if entry_id.int % SWEEP_EVERY == 0:
                    self._forget_old()
        self.put(LEDGER, entry_id, name=f"{kind}/{identifier}", external_ids=marks)

    def _forget_old(self) -> None:
        until = clock.now() - REMEMBERED
        old = [row for row in self.all(LEDGER) if int(row.external_ids.get("kumoi:removed", until)) < until]
        for row in old:
            row.verify("external_ids")
            row.delete()


@dataclass(frozen=True)
class Rendering(Generic[S]):
    """How one kind of resource becomes rows. `table`: where its own row is."""

    kind: type[S]
    table: str
    apply: Callable[[Rows, S, int], None]
    remove: Callable[[Rows, str, int], None]


class Differs(Exception):
    """Applying the spec would change the topology."""


class Comparison(Rows):
    """Rows that an `apply` only compares. It returns if everything is as it would be written, except for revisions, and
    raises Differs (or NotThere) at the first difference."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        super().__init__(tables)
        self._members: dict[tuple[uuid.UUID, str], set[uuid.UUID]] = {}

    def put(self, table: str, identifier: uuid.UUID, **columns: Any) -> Row:
        row = self.find(table, identifier)
        if row is None:
            raise Differs
        for column, value in columns.items():
            held = getattr(row, column)
            if column == "external_ids":
                held, value = ({k: v for k, v in each.items() if k != "kumoi:revision"} for each in (held, value))
            if not _same(held, value):
                raise Differs
        return row

    def join(self, row: Row, column: str, member: Row) -> None:
        if not self._has(row, column, member):
            raise Differs

    def part(self, row: Row, column: str, member: Row) -> None:
        if self._has(row, column, member):
            raise Differs

    def delete(self, row: Row) -> None:
        raise Differs

    def admit(self, kind: str, identifier: str, revision: int, removed: bool = False) -> None:
        """The ledger is about revisions alone."""

    def _has(self, row: Row, column: str, member: Row) -> bool:
        """Groups have thousands of members, and this is called for each member."""
        key = row.uuid, column
        if key not in self._members:
            self._members[key] = {each.uuid for each in getattr(row, column)}
        return member.uuid in self._members[key]


def held_revision(row: Row) -> int:
    return int(row.external_ids.get("kumoi:revision", "0"))


def _same(held: Any, wanted: Any) -> bool:
    if isinstance(held, list):
        members = wanted if isinstance(wanted, list) else [wanted]
        return len(held) == len(members) and _set(held) == _set(members)
    return bool(held == wanted)


def _set(members: Iterable[Any]) -> set[Any]:
    return set(members)
