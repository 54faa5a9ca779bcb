"""Fills every table of a database with a row, and compares the rows after more migrations."""

import json
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from kumoi.kernel.database import Database

Rows = dict[str, dict[str, Any]]
"""Table → one row of it."""
VERSION = "alembic_version"


def fill(database: Database) -> Rows:
    """Add a row to every table, with a value in every column; the rows."""
    with database.connection() as connection, connection.begin():
        tables = sa.MetaData()
        tables.reflect(connection)
        rows: Rows = {}
        for table in tables.sorted_tables:
            if table.name == VERSION:
                continue
            turn = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() + 1
            row = {}
            for column in table.columns:
                referred = next(iter(column.foreign_keys), None)
                if referred is not None and referred.column.table.name in rows:
                    row[column.name] = rows[referred.column.table.name][referred.column.name]
                elif referred is not None:  # reference to the same table
                    row[column.name] = None
                else:
                    row[column.name] = _value(column, turn)
            connection.execute(table.insert(), row)
            if connection.dialect.name == "postgresql" and "id" in row:
                # A trigger may add the next row, with the next number.
                taken = (
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name}))"
                )
                if connection.exec_driver_sql(f"SELECT pg_get_serial_sequence('{table.name}', 'id')").scalar():
                    connection.exec_driver_sql(taken)
            rows[table.name] = {name: json.loads(json.dumps(value, default=str)) for name, value in row.items()}
        return rows


def _value(column: sa.Column[Any], turn: int) -> Any:
    """A value that no other row has."""
    kind = column.type
    if isinstance(kind, sa.JSON):
        return {"column": column.name, "turn": turn}
    if isinstance(kind, sa.Boolean):
        return turn % 2 == 1
    if isinstance(kind, sa.Integer):
        return turn
    if isinstance(kind, sa.Float | sa.Numeric):
        return turn + 0.5
    if isinstance(kind, sa.LargeBinary):
        return f"{turn}".encode()
    assert isinstance(kind, sa.String), f"{column}: {kind!r} is not known here"
    text = f"{turn}-{column.name}"
    return text if kind.length is None else text[: kind.length]


def differences(database: Database, rows: Rows, scripts: ScriptDirectory) -> list[str]:
    """Data that the database has lost or changed and no migration's LOSES names: a table, or table.column."""
    loses = {name for script in scripts.walk_revisions() for name in getattr(script.module, "LOSES", ())}
    with database.connection() as connection, connection.begin():
        tables = sa.MetaData()
        tables.reflect(connection)
        found = set()
        for name, row in rows.items():
            if name not in tables.tables:
                found.add((name, f"{name} is gone"))
                continue
            columns = [column for column in tables.tables[name].columns if column.name in row]
            found |= {(f"{name}.{gone}", f"{name}.{gone} is gone") for gone in set(row) - {c.name for c in columns}}
            now = [_plain(found) for found in connection.execute(sa.select(*columns)).mappings()]
            if _plain({column.name: row[column.name] for column in columns}) in now:
                continue
            nearest = max(now, key=lambda other: len(other.items() & _plain(row).items()), default=None)
            if nearest is None:
                found.add((name, f"{name} has no rows"))
            else:
                changed = [column for column, value in nearest.items() if _plain(row)[column] != value]
                found |= {(f"{name}.{column}", f"{name}.{column} changed") for column in changed}
    return sorted(said for name, said in found if name not in loses)


def _plain(row: Any) -> dict[str, str]:
    return {name: json.dumps(value, default=str, sort_keys=True) for name, value in row.items()}
