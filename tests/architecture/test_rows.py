"""Every table has a TypedDict of its rows that agrees with its columns."""

import ast
import importlib
import types
from collections import Counter
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
import sqlalchemy as sa

import kumoi
from kumoi import app
from kumoi.kernel.database import metadata, row_type

app.load_services()
TABLES = sorted(name for name in metadata.tables if not name.startswith("toy_"))


def differences(table: sa.Table) -> list[str]:
    """Differences between the type of the table's rows and its columns."""
    try:
        row: type[Any] = row_type(table)  # type: ignore[arg-type]
    except TypeError as error:
        return [str(error)]
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
    kinds = (
        {type(value) for each in plain for value in get_args(each)} if get_origin(plain[0]) is Literal else set(plain)
    )
    return kinds == {column.type.python_type}


def describe(column: sa.Column[Any]) -> str:
    return f"{column.type!r}, {'nullable' if column.nullable else 'never NULL'}"


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_what_their_table_holds(name: str) -> None:
    assert differences(metadata.tables[name]) == []


def test_routes_know_types_of_rows_but_no_tables() -> None:
    """Complements the import contract "Routes ask logic, not stores": from `models` a route may import only
    TypedDicts."""
    odd = []
    services = Path(kumoi.__file__).parent / "services"
    for path in (*services.rglob("api.py"), *services.rglob("streams.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.endswith(".models"):
                models = importlib.import_module(node.module)
                odd += [f"{path}: {each.name}" for each in node.names if not is_typeddict(getattr(models, each.name))]
            elif isinstance(node, ast.ImportFrom):
                odd += [f"{path}: {each.name}" for each in node.names if each.name == "models"]
    assert odd == []


UNTYPED = {
    # The runner adds what it has not written yet; three tables share the catalogue's logic.
    "kernel/runner.py": 2,
    "services/compute/hosts/store.py": 4,
    "services/compute/usages/store.py": 1,
    "services/identity/catalog/store.py": 1,
}
"""File → reads of rows without a type. May only shrink."""


def test_rows_are_read_with_their_type() -> None:
    """`tx.row` and `tx.rows` of a table have it; `tx.one` and `tx.all` of a statement name a TypedDict."""
    root, found = Path(kumoi.__file__).parent, Counter[str]()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) not in ("tx.one", "tx.all"):
                continue
            row = node.args[1] if len(node.args) > 1 else None
            if row is None or (isinstance(row, ast.Constant) and row.value is None):
                found[path.relative_to(root).as_posix()] += 1
    assert dict(found) == UNTYPED
