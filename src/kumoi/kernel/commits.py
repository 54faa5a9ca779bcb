"""The order of commits, for tables whose readers go on from a position and must miss no row: changes and events.

SQLite's writers take turns, so ids are in the order of the commits. PostgreSQL gives ids before the commit. There each row
has the number of its transaction (`written_by`), and only rows of transactions that are older than every open one are
read, by that number and then by id: each later transaction has a higher number.
"""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction


def _number(function: Any) -> sa.ColumnElement[int]:
    """A transaction's number, of which SQLAlchemy knows no type."""
    return sa.cast(sa.cast(function, sa.String), sa.BigInteger)


MINE = _number(sa.func.pg_current_xact_id())
"""The number of the transaction that runs (PostgreSQL)."""
MINE_IN_SQL = {"sqlite": "0", "postgresql": "pg_current_xact_id()::text::bigint"}
_OLDEST_OPEN = _number(sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot()))
_NEXT = _number(sa.func.pg_snapshot_xmax(sa.func.pg_current_snapshot()))


def columns() -> tuple[sa.Column[Any], sa.Column[Any]]:
    """`id` and `written_by`."""
    return (
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("written_by", sa.BigInteger, nullable=False),
    )


def index(table: str) -> sa.Index:
    """On SQLite `written_by` is 0 and the index is empty, because it would cost every row a page."""
    return sa.Index(f"ix_{table}_order", "written_by", "id", sqlite_where=sa.text("written_by > 0"))


def stable(tx: Transaction, table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions: no row that comes before this one is committed later."""
    return () if tx.dialect == "sqlite" else (table.c.written_by < _OLDEST_OPEN,)


def order(tx: Transaction, table: sa.Table) -> tuple[sa.Column[Any], ...]:
    return (table.c.id,) if tx.dialect == "sqlite" else (table.c.written_by, table.c.id)


def after(tx: Transaction, table: sa.Table, written_by: int, id: int) -> sa.ColumnElement[bool]:
    """Condition: the row comes after this place."""
    if tx.dialect == "sqlite":
        return table.c.id > id
    return sa.tuple_(table.c.written_by, table.c.id) > sa.tuple_(sa.literal(written_by), sa.literal(id))


def before(tx: Transaction, table: sa.Table, written_by: int, id: int) -> sa.ColumnElement[bool]:
    """Condition: the row comes before this place."""
    if tx.dialect == "sqlite":
        return table.c.id < id
    return sa.tuple_(table.c.written_by, table.c.id) < sa.tuple_(sa.literal(written_by), sa.literal(id))


def foreign(tx: Transaction, table: sa.Table) -> bool:
    """Whether there are rows of another server, whose tables were restored on this one: its transactions have other
    numbers (PostgreSQL)."""
    if tx.dialect == "sqlite":
        return False
    return bool(tx.scalar(sa.select(sa.literal(1)).where(sa.exists().where(table.c.written_by >= _NEXT))))
