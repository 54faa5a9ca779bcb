"""Names of imports tell what they are: `<resource>_store` is another resource's store, `<name>_table` its table.

A room that reads one table of another folder may call it `table`. A resource's own rooms import its `store` and its tables
under their own names. Facades and logic have plain nouns."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import kumoi

SOURCE = Path(kumoi.__file__).parent
ROOMS = sorted((SOURCE / "services").rglob("*.py"))


def misnamed(file: Path, tree: ast.AST) -> Iterator[str]:
    """Imports whose names do not fit, as `network.ports: kumoi.services.network.subnets import store as subnets`."""
    own = file.relative_to(SOURCE / "services").parts[:2]
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("kumoi.services."):
            continue
        module = node.module or ""
        if tuple(module.split(".")[2:4]) == own:
            continue
        for imported in node.names:
            name = imported.asname or imported.name
            if imported.name == "facade" and name == module.rpartition(".")[2]:
                continue
            wanted = ""
            if imported.name == "store":
                wanted = "_store"
            elif module.endswith(".models") and is_table(module, imported.name):
                wanted = "table"
            if not name.endswith(wanted) or (not wanted and name.endswith(("_store", "_table"))):
                yield f"{'.'.join(own)}: {module} import {imported.name} as {name}"


def is_table(module: str, name: str) -> bool:
    return isinstance(getattr(importlib.import_module(module), name), sa.Table)


def test_imported_stores_and_tables_say_what_they_are() -> None:
    found = [each for file in ROOMS for each in misnamed(file, ast.parse(file.read_text()))]
    assert found == []


@pytest.mark.parametrize(
    ("line", "is_wrong"),
    [
        ("from kumoi.services.network.subnet_rows import store as subnets", True),
        ("from kumoi.services.network.subnet_rows import store as subnets_store", False),
        ("from kumoi.services.network.ports import store", False),
        ("from kumoi.services.network.subnet_rows.models import subnets", True),
        ("from kumoi.services.network.subnet_rows.models import subnets as subnets_table", False),
        ("from kumoi.services.network.subnet_rows.models import SubnetRow", False),
        ("from kumoi.services.network.subnets import logic as subnets_store", True),
        ("from kumoi.services.placement import facade as placement", False),
        ("from kumoi.services.object_store import facade as object_store", False),
        ("from kumoi.services.object_store import facade as a_store", True),
    ],
)
def test_what_is_misnamed(line: str, is_wrong: bool) -> None:
    file = SOURCE / "services" / "network" / "ports" / "logic.py"
    assert bool(list(misnamed(file, ast.parse(line)))) is is_wrong
