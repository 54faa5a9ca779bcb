"""Every table has a type of its rows, and each says what the other says."""

import types
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
import sqlalchemy as sa

from kumoi import app
from kumoi.kernel.database import metadata, row_type

app.load_services()
TABLES = sorted(name for name in metadata.tables if not name.startswith("toy_"))


def differences(table: sa.Table) -> list[str]:
    """What the type of the table's rows says otherwise than its columns."""
    row = row_type(table)
    if row is None:
        return [f"{table.name}: write {table.name} = Table[…Row](…), with the TypedDict of its rows"]
    if not is_typeddict(row) or not row.__name__.endswith("Row"):
        return [f"{table.name}: {row.__name__} is not a TypedDict named …Row"]
    hints = get_type_hints(row)
    found = [f"{row.__name__} has no key {name}" for name in table.c.keys() if name not in hints]
    found += [f"{table.name} has no column {name}" for name in hints if name not in table.c]
    for name, hint in hints.items():
        if name in table.c and not fits(hint, table.c[name]):
            found.append(f"{row.__name__}.{name} is {hint}, the column is {describe(table.c[name])}")
    return found


def fits(hint: Any, column: sa.Column[Any]) -> bool:
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    plain = [member for member in members if member is not types.NoneType]
    if (types.NoneType in members) != bool(column.nullable):
        return False
    if isinstance(column.type, sa.JSON):
        return all(get_origin(member) in (dict, list) or is_typeddict(member) for member in plain)
    return plain == [column.type.python_type]


def describe(column: sa.Column[Any]) -> str:
    return f"{column.type!r}, {'nullable' if column.nullable else 'never NULL'}"


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_what_their_table_holds(name: str) -> None:
    assert differences(metadata.tables[name]) == []
