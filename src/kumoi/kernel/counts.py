"""Counts of rows that the database keeps by itself: triggers change them in the statement that changes the rows.

A count is declared beside its table, and reading it costs the same however many rows there are. No code in Python
writes it, so it always equals the rows. `differences` counts the rows to prove that; the audit calls it. On PostgreSQL a
count has parts, chosen by the row's id, so that transactions that write different rows rarely conflict.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from kumoi.kernel.database import Table, Transaction, metadata


class CountRow(TypedDict):
    holder: str
    name: str
    part: str
    amount: int


counts = Table[CountRow](
    "kernel_counts",
    metadata,
    sa.Column("holder", sa.String(255), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("part", sa.String(1), primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""`holder`: what the rows are counted by, such as a project's id. `part`: the last character of the row's id on
PostgreSQL, empty on SQLite."""

_DIALECTS = {name: sa.make_url(f"{name}://").get_dialect()() for name in ("sqlite", "postgresql")}
_PREFIX = "count_"
EACH: sa.ColumnElement[Any] = sa.literal(1)
ALWAYS: sa.ColumnElement[bool] = sa.true()


@dataclass(frozen=True, eq=False)
class Count:
    """The number of rows, or the sum of `amount` over them, for each value of the column `of`. Rows that do not meet
    `where`, or where `of` is NULL, are not counted. Counts of the same name in several tables are added up."""

    name: str
    of: sa.Column[Any]
    amount: sa.ColumnElement[Any] = EACH
    where: sa.ColumnElement[bool] = ALWAYS

    def __post_init__(self) -> None:
        registry[self.name, self.of.table.name] = self

    def __call__(self, tx: Transaction, holder: str) -> int:
        return of(tx, holder, [self.name])[self.name]

    def triggers(self, dialect: str) -> dict[str, list[str]]:
        """Name of each trigger → the statements that create it. The name contains a digest of the statements."""
        made = self._on_postgresql() if dialect == "postgresql" else self._on_sqlite()
        found = {}
        for event, statements in made.items():
            digest = hashlib.sha256("\n".join(statements).encode()).hexdigest()[:8]
            name = "_".join([f"{_PREFIX}{digest}", self.name.replace(".", "_"), *event])
            found[name] = [statement.replace("{trigger}", name) for statement in statements]
        return found

    def _on_sqlite(self) -> dict[tuple[str, ...], list[str]]:
        table, add, subtract = self.of.table.name, self._change("NEW", "sqlite"), self._change("OLD", "sqlite")
        update = f"AFTER UPDATE OF {', '.join(self._columns())} ON {table} WHEN {self._differs('sqlite')}"
        bodies = {
            "insert": f"AFTER INSERT ON {table} BEGIN {add}; END",
            "update": f"{update} BEGIN {subtract}; {add}; END",
            "delete": f"AFTER DELETE ON {table} BEGIN {subtract}; END",
        }
        return {(event,): [f"CREATE TRIGGER {{trigger}} {body}"] for event, body in bodies.items()}

    def _on_postgresql(self) -> dict[tuple[str, ...], list[str]]:
        dialect = "postgresql"
        body = (
            f"IF TG_OP = 'UPDATE' THEN IF NOT ({self._differs(dialect)}) THEN RETURN NULL; END IF; END IF; "
            f"IF TG_OP <> 'INSERT' THEN {self._change('OLD', dialect)}; END IF; "
            f"IF TG_OP <> 'DELETE' THEN {self._change('NEW', dialect)}; END IF; RETURN NULL;"
        )
        events = f"INSERT OR DELETE OR UPDATE OF {', '.join(self._columns())}"
        return {
            (): [
                f"CREATE FUNCTION {{trigger}}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
                f"CREATE TRIGGER {{trigger}} AFTER {events} ON {self.of.table.name} "
                "FOR EACH ROW EXECUTE FUNCTION {trigger}()",
            ]
        }

    def _change(self, row: str, dialect: str) -> str:
        """The statement that adds the row NEW to the count, or takes the row OLD from it."""
        amount, where = _of_row(self.amount, row, dialect), _of_row(self.where, row, dialect)
        key = next(iter(self.of.table.primary_key)).name
        part = f"right({row}.{key}::text, 1)" if dialect == "postgresql" else "''"
        holder, sign = f"{row}.{self.of.name}", "-" if row == "OLD" else ""
        return (
            f"INSERT INTO kernel_counts (holder, name, part, amount) "
            f"SELECT {holder}, '{self.name}', {part}, {sign}({amount}) WHERE {holder} IS NOT NULL AND ({where}) "
            "ON CONFLICT (holder, name, part) DO UPDATE SET amount = kernel_counts.amount + excluded.amount"
        )

    def _columns(self) -> list[str]:
        """The columns on which the count depends."""
        parts = (self.of, self.amount, self.where)
        used = {each.name for part in parts for each in visitors.iterate(part) if isinstance(each, sa.Column)}
        return sorted(used)

    def _differs(self, dialect: str) -> str:
        sign = "IS DISTINCT FROM" if dialect == "postgresql" else "IS NOT"
        return " OR ".join(f"OLD.{name} {sign} NEW.{name}" for name in self._columns())

    def counted(self) -> sa.Select[Any]:
        """(holder, amount) from the rows."""
        query = sa.select(self.of, sa.func.sum(self.amount)).select_from(self.of.table)
        return query.where(self.of.is_not(None), self.where).group_by(self.of)


registry: dict[tuple[str, str], Count] = {}
"""By name and table."""


def _of_row(expression: sa.ColumnElement[Any], row: str, dialect: str) -> str:
    """The SQL of an expression on the columns of NEW or OLD."""

    def replace(element: Any, **_: Any) -> Any:
        found = isinstance(element, sa.Column)
        return sa.literal_column(f"{row}.{element.name}", element.type) if found else None

    replaced = visitors.replacement_traverse(expression, {}, replace)
    return str(replaced.compile(dialect=_DIALECTS[dialect], compile_kwargs={"literal_binds": True}))


_SUM = sa.func.sum(counts.c.amount)
_OF = (
    sa.select(counts.c.name, _SUM)
    .where(counts.c.holder == sa.bindparam("holder"), counts.c.name.in_(sa.bindparam("names", expanding=True)))
    .group_by(counts.c.name)
)
_OF_HOLDERS = (
    sa.select(counts.c.holder, _SUM)
    .where(counts.c.holder.in_(sa.bindparam("holders", expanding=True)), counts.c.name == sa.bindparam("name"))
    .group_by(counts.c.holder)
)


def of(tx: Transaction, holder: str, names: Iterable[str]) -> dict[str, int]:
    """name → the holder's amount."""
    wanted = list(names)
    found = {name: int(amount) for name, amount in tx.tuples(_OF, {"holder": holder, "names": wanted})}
    return {name: found.get(name, 0) for name in wanted}


def of_holders(tx: Transaction, name: str, holders: Iterable[str]) -> dict[str, int]:
    """holder → amount. Holders without rows are missing."""
    return {holder: int(amount) for holder, amount in tx.tuples(_OF_HOLDERS, {"name": name, "holders": list(holders)})}


def every(tx: Transaction, names: Iterable[str]) -> dict[tuple[str, str], int]:
    """(name, holder) → amount, of all holders that have rows."""
    query = sa.select(counts.c.name, counts.c.holder, _SUM).where(counts.c.name.in_(list(names)))
    found = tx.tuples(query.group_by(counts.c.name, counts.c.holder))
    return {(name, holder): int(amount) for name, holder, amount in found}


def differences(tx: Transaction) -> list[tuple[str, str, int, int]]:
    """(name, holder, kept amount, amount of the rows) where these differ."""
    real: dict[tuple[str, str], int] = {}
    for (name, _), count in registry.items():
        for holder, amount in tx.tuples(count.counted()):
            real[name, holder] = real.get((name, holder), 0) + int(amount)
    names = {name for name, _ in registry}
    asked = sa.select(counts.c.name, counts.c.holder, _SUM).group_by(counts.c.name, counts.c.holder)
    kept = {(name, holder): int(amount) for name, holder, amount in tx.tuples(asked) if name in names}
    return [
        (*key, kept.get(key, 0), real.get(key, 0))
        for key in sorted(kept.keys() | real.keys())
        if kept.get(key, 0) != real.get(key, 0)
    ]


def install(connection: sa.Connection) -> None:
    """Make the triggers of all declared counts, and count the rows. Does nothing if the database has these triggers.
    Otherwise nothing else may write meanwhile."""
    dialect, tables = connection.dialect.name, set(sa.inspect(connection).get_table_names())
    declared = [count for (_, table), count in registry.items() if table in tables]
    wanted = {name: made for count in declared for name, made in count.triggers(dialect).items()}
    if counts.name not in tables or set(installed(connection)) == set(wanted):
        return
    remove(connection)
    for statement in (statement for made in wanted.values() for statement in made):
        connection.exec_driver_sql(statement)
    connection.execute(counts.delete())
    amounts: dict[tuple[str, str], int] = {}
    for count in declared:
        for holder, amount in connection.execute(count.counted()):
            amounts[holder, count.name] = amounts.get((holder, count.name), 0) + int(amount)
    if amounts:
        rows = [{"holder": holder, "name": name, "part": "", "amount": n} for (holder, name), n in amounts.items()]
        connection.execute(counts.insert(), rows)


def remove(connection: sa.Connection) -> None:
    """Remove the triggers. `install` makes them again and counts anew."""
    postgres = connection.dialect.name == "postgresql"
    for name in installed(connection):
        connection.exec_driver_sql(f"DROP FUNCTION {name}() CASCADE" if postgres else f"DROP TRIGGER {name}")


def installed(connection: sa.Connection) -> list[str]:
    """The names of the triggers that the database has."""
    if connection.dialect.name == "postgresql":
        asked = (
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE relnamespace = current_schema()::regnamespace"
        )
    else:
        asked = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    return [name for name in connection.exec_driver_sql(asked).scalars() if name.startswith(_PREFIX)]


@sa.event.listens_for(metadata, "after_create")
def _created(_metadata: sa.MetaData, connection: sa.Connection, **_more: Any) -> None:
    install(connection)
