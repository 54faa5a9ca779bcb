"""The feed of changes: which rows of resources changed, in the order of the commits, for streams that show a live cloud.

Triggers in the database write it, in the transaction of the change, so that no statement can be forgotten (decision 28).
Which table belongs to which resource follows from its columns; a table that differs says so: `info=changes.part(…)` or
`info=changes.UNSEEN`.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypedDict

import sqlalchemy as sa
from sqlalchemy import event

from kumoi.kernel import commits
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Instant, Table, Transaction, metadata
from kumoi.kernel.routes import declared
from kumoi.kernel.who import Who

KEPT = 6 * 3600 * SECOND
"""How long a change is stored, in microseconds."""
MOST = 500_000
"""Changes that are stored at most."""
PIECE = 10_000
"""Changes that one transaction removes."""


class ChangeRow(TypedDict):
    id: int
    written_by: int
    at: int
    service: str
    resource: str
    key: str
    project_id: str | None
    user_id: str | None
    everyone: bool
    gone: bool


changes = Table[ChangeRow](
    "kernel_changes",
    metadata,
    *commits.columns(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("service", sa.String(32), nullable=False),
    sa.Column("resource", sa.String(64), nullable=False),
    sa.Column("key", sa.String(255), nullable=False),
    sa.Column("project_id", sa.String(255)),
    sa.Column("user_id", sa.String(255)),
    sa.Column("everyone", sa.Boolean, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    commits.index("kernel_changes"),
)
"""`everyone`: also other projects may see the resource. `gone`: it is deleted."""


# Which rows are parts of which resource.


@dataclass(frozen=True, kw_only=True)
class Part:
    """How the rows of a table belong to a resource, where that does not follow from their columns."""

    resource: str | None = None
    """The resource, as the API names it in the singular."""
    service: str | None = None
    key: str | None = None
    """The column of the resource's id."""
    project: str | None = None
    """The column of the project that may see it; empty: none."""
    user: str | None = None
    """The column of the user who may see it; empty: none."""
    everyone: str | None = None
    """An SQL condition on the row, which is called {row}: everybody may see it."""
    updates_of: tuple[str, ...] = ()
    """Only updates that set one of these columns count."""
    grantee: str | None = None
    """Of a table that belongs to another's rows: the column of a project that these are shared with."""


_INFO = "changes"
UNSEEN: dict[Any, Any] = {_INFO: None}
"""The rows of this table are no part of a resource that clients see."""


def part(**how: Any) -> dict[Any, Any]:
    """The `info` of a table; see Part."""
    return {_INFO: Part(**how)}


@dataclass(frozen=True)
class Watched:
    """A table as the triggers see it. `parent` None: its rows are the resource. Else they belong to the row of `parent`
    whose id is in the column `link`."""

    table: sa.Table
    service: str
    resource: str
    key: str
    project: str | None
    user: str | None
    everyone: str
    updates_of: tuple[str, ...] = ()
    parent: "Watched | None" = None
    link: str = ""
    grantee: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the resource goes with its row; the rows of other tables only say something about it."""
        return "id" in self.table.c or [column.name for column in self.table.primary_key] == [self.key]

    def values(self, row: str) -> dict[str, str]:
        """Column of the feed → SQL, for a row of this table."""

        def of(column: str | None) -> str:
            return f"{row}.{column}" if column else "NULL"

        gone = f"{row}.deleted_at IS NOT NULL" if "deleted_at" in self.table.c else "FALSE"
        return {
            "key": of(self.key), "project_id": of(self.project), "user_id": of(self.user),
            "everyone": self.everyone.format(row=row), "gone": gone,
        }  # fmt: skip


def watched(tables: sa.MetaData = metadata) -> dict[str, Watched]:
    """Name of a table → how it is watched. Without tables that are not."""
    found = {name: each for name, table in sorted(tables.tables.items()) if (each := _watched(table)) is not None}
    return found


def _watched(table: sa.Table) -> Watched | None:
    said: Part | None = table.info.get(_INFO, _NOTHING_SAID)
    service = next((one for one in declared.values() if one.tables and table.name.startswith(one.tables)), None)
    if said is None or (said is _NOTHING_SAID and service is None):
        return None
    if said.resource is None and (link := _link(table)) is not None:
        parent = _watched(link.column.table)
        grantee = said.grantee or ("project_id" if "project_id" in table.c else None)
        return parent and replace(
            parent, table=table, updates_of=said.updates_of, parent=parent, link=link.parent.name, grantee=grantee
        )
    project = _column(table, said.project, "project_id", "owner")
    user = _column(table, said.user, *(() if project else ("user_id",)))
    return Watched(
        table=table,
        service=said.service or (service.type if service else ""),
        resource=said.resource or singular(table.name.removeprefix(service.tables if service else "")),
        key=said.key or _key(table),
        project=project,
        user=user,
        everyone=said.everyone or _everyone(table),
        updates_of=said.updates_of,
    )


_NOTHING_SAID = Part()


def _link(table: sa.Table) -> sa.ForeignKey | None:
    """The foreign key to the rows that this table's rows are parts of; None if they are resources themselves."""
    owned = any(name in table.c for name in ("project_id", "user_id", "owner"))
    if "id" in table.c and owned:
        return None
    keys = sorted(table.foreign_keys, key=lambda key: (key.ondelete != "CASCADE", key.parent.name))
    whole = [key for key in keys if key.ondelete == "CASCADE" or ("id" not in table.c and key.parent.primary_key)]
    return next(iter(whole), None)


def _key(table: sa.Table) -> str:
    if "id" in table.c:
        return "id"
    (column,) = table.primary_key.columns
    return column.name


def _column(table: sa.Table, said: str | None, *usual: str) -> str | None:
    if said is not None:
        return said or None
    return next((name for name in usual if name in table.c), None)


def _everyone(table: sa.Table) -> str:
    flags = [f"{{row}}.{name}" for name in ("shared", "external", "is_public") if name in table.c]
    if "visibility" in table.c:
        flags.append("{row}.visibility IN ('public', 'community')")
    return f"({' OR '.join(flags)})" if flags else "FALSE"


def singular(name: str) -> str:
    """`policies` → `policy`, `resource_classes` → `resource_class`."""
    if name.endswith("ies"):
        return f"{name.removesuffix('ies')}y"
    return name.removesuffix("es") if name.endswith("sses") else name.removesuffix("s")


# The triggers.

_NOW = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000",
    "postgresql": "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
}
_DIFFERS = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}
_NAME = "kumoi_"
"""The names of the triggers begin with it; then follows a digest of what they do."""


_COLUMNS = ("written_by", "at", "service", "resource", "key", "project_id", "user_id", "everyone", "gone")


def _statements(one: Watched, operation: str, dialect: str) -> list[str]:
    """What a trigger does for one row."""
    row, differs = "OLD" if operation == "DELETE" else "NEW", _DIFFERS[dialect]

    def insert(values: Mapping[str, str], source: str = "") -> str:
        whole = {
            "written_by": commits.MINE_IN_SQL[dialect], "at": _NOW[dialect], "service": f"'{one.service}'",
            "resource": f"'{one.resource}'", **values,
        }  # fmt: skip
        chosen = ", ".join(whole[name] for name in _COLUMNS)
        return f"INSERT INTO kernel_changes ({', '.join(_COLUMNS)}) SELECT {chosen}{source};"

    if one.parent is not None:
        above = one.parent.values("parent")
        source = f" FROM {one.parent.table.name} AS parent WHERE parent.id = "
        found = [insert(above, f"{source}{row}.{one.link}")]
        if operation == "UPDATE":
            found.append(insert(above, f"{source}OLD.{one.link} AND OLD.{one.link} {differs} NEW.{one.link}"))
        if one.grantee:
            shared = {**above, "project_id": f"{row}.{one.grantee}", "user_id": "NULL", "everyone": "FALSE"}
            found.append(insert(shared, f"{source}{row}.{one.link}"))
        return found
    values = one.values(row)
    if operation == "DELETE":
        return [insert({**values, "gone": "TRUE"} if one.is_whole else values)]
    if operation == "INSERT":
        return [insert(values)]
    old = one.values("OLD")
    if one.everyone != "FALSE":
        values["everyone"] = f"({old['everyone']} OR {values['everyone']})"
    found = [insert(values)]
    if one.project not in (None, one.key):
        # It went to another project.
        source = f" WHERE {old['project_id']} {differs} {values['project_id']}"
        found.append(insert({**old, "everyone": "FALSE", "gone": "TRUE"}, source))
    return found


def _triggers(dialect: str, tables: sa.MetaData = metadata) -> dict[tuple[str, str], list[str]]:
    """(table, name of the trigger) → the statements that make it."""
    found = {}
    for table, one in watched(tables).items():
        for operation in ("INSERT", "UPDATE", "DELETE"):
            body = " ".join(_statements(one, operation, dialect))
            columns = f" OF {', '.join(one.updates_of)}" if operation == "UPDATE" and one.updates_of else ""
            digest = hashlib.sha256(f"{columns} {body}".encode()).hexdigest()[:10]
            name = f"{_NAME}{digest}_{operation[0].lower()}_{table}"
            when = f"AFTER {operation}{columns} ON {table}"
            if dialect == "sqlite":
                made = [f"CREATE TRIGGER {name} {when} BEGIN {body} END"]
            else:
                made = [
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} "
                    "RETURN NULL; END $$",
                    f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {name}()",
                ]
            found[table, name] = made
    return found


_THERE = {
    "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, 6) = 'kumoi_'",
    "postgresql": "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal "
    "AND relnamespace = current_schema()::regnamespace AND substr(tgname::text, 1, 6) = 'kumoi_'",
}


def install(connection: sa.Connection) -> None:
    """Create the triggers of all tables, and remove those of an earlier version. Does nothing if they are there."""
    dialect = connection.dialect.name
    there = {(table, name) for table, name in connection.exec_driver_sql(_THERE[dialect])}
    tables = set(sa.inspect(connection).get_table_names())
    wanted = {key: made for key, made in _triggers(dialect).items() if key[0] in tables}
    _drop(connection, there - wanted.keys())
    for key, statements in wanted.items():
        if key not in there:
            for statement in statements:
                connection.exec_driver_sql(statement)


def uninstall(connection: sa.Connection) -> None:
    """Remove all triggers, before tables change."""
    _drop(connection, {(table, name) for table, name in connection.exec_driver_sql(_THERE[connection.dialect.name])})


def _drop(connection: sa.Connection, triggers: Iterable[tuple[str, str]]) -> None:
    for _table, name in sorted(triggers):
        whole = f"DROP TRIGGER {name}" if connection.dialect.name == "sqlite" else f"DROP FUNCTION {name}() CASCADE"
        connection.exec_driver_sql(whole)


@event.listens_for(metadata, "after_create")
def _created(_target: sa.MetaData, connection: sa.Connection, **_: Any) -> None:
    install(connection)


# Reading.


class Position(NamedTuple):
    """A place in the feed: that of a change. Changes are ordered by `written_by` and `id`."""

    written_by: int
    id: int
    at: int

    def __str__(self) -> str:
        return f"{self.written_by}-{self.id}-{self.at}"

    @classmethod
    def read(cls, text: str) -> "Position":
        """ValueError if it is none."""
        if not re.fullmatch(r"\d{1,18}-\d{1,18}-\d{1,18}", text):
            raise ValueError(text)
        return cls(*map(int, text.split("-")))


BEGIN = Position(0, 0, 0)
"""Of a feed without any change."""


def newest(tx: Transaction) -> Position:
    """The place of the last change that every reader sees."""
    query = sa.select(changes.c.written_by, changes.c.id, changes.c.at).where(*commits.stable(tx, changes))
    found = tx.tuples(query.order_by(*(column.desc() for column in commits.order(tx, changes))).limit(1))
    return Position(*found[0]) if found else BEGIN


def after(tx: Transaction, position: Position, limit: int) -> list[ChangeRow]:
    """The next changes after `position`, oldest first. A change that is committed later comes after all of them."""
    wanted = (commits.after(tx, changes, *position[:2]), *commits.stable(tx, changes))
    return tx.all(sa.select(changes).where(*wanted).order_by(*commits.order(tx, changes)).limit(limit), ChangeRow)


def of_transaction(tx: Transaction, work: Callable[[], Any], limit: int) -> list[ChangeRow]:
    """The changes that `work` makes in this transaction."""
    if tx.dialect == "sqlite":
        own = changes.c.id > int(tx.scalar(sa.select(sa.func.max(changes.c.id))) or 0)
    else:
        own = changes.c.written_by == commits.MINE
    work()
    return tx.all(sa.select(changes).where(own).order_by(changes.c.id).limit(limit), ChangeRow)


def place(row: ChangeRow) -> Position:
    return Position(row["written_by"], row["id"], row["at"])


def known(tx: Transaction, position: Position) -> bool:
    """Whether all changes after the position are still stored. `at` tells it from one of another feed, before a
    restore."""
    if position == BEGIN:
        return newest(tx) == BEGIN
    return tx.row(changes, **position._asdict()) is not None


def visible(who: Who, row: ChangeRow) -> bool:
    return (
        row["everyone"] or who.sees(row["project_id"]) or (row["user_id"] is not None and row["user_id"] == who.user_id)
    )


# Forgetting.


def forget_old(tx: Transaction) -> int:
    """Remove up to PIECE changes that are older than KEPT or more than MOST, oldest first, but never the last one, which
    is the place of a client that has seen everything. Returns how many."""
    last = newest(tx)
    kept = (changes.c.at >= tx.now - KEPT, changes.c.id > last.id - MOST)
    columns = (changes.c.written_by, changes.c.id, changes.c.at)
    found = tx.tuples(sa.select(*columns).where(*kept).order_by(*commits.order(tx, changes)).limit(1))
    first = min(Position(*found[0]), last) if found else last
    behind = commits.before(tx, changes, *first[:2])
    old = sa.select(changes.c.id).where(behind).order_by(*commits.order(tx, changes)).limit(PIECE)
    return tx.changed(changes.delete().where(changes.c.id.in_(old)))


def forget_foreign(tx: Transaction) -> None:
    """Remove the feed of another server."""
    if commits.foreign(tx, changes):
        tx.execute(changes.delete())
