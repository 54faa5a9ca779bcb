"""A cloud with names that differ only in case keeps its rows; the younger ones are renamed."""

import logging
from typing import Any

import pytest
import sqlalchemy as sa

from kumoi import migrations
from kumoi.kernel.database import Database
from tests.migrations.test_migrations import database  # noqa: F401

BEFORE = "57add74e5926"
AFTER = "5b201af70d99"
LONG = "n" * 254


def rows(tables: sa.MetaData, **values: Any) -> dict[str, Any]:
    common = {
        "domain_id": "default", "enabled": True, "options": {}, "extra": {}, "generation": 0, "description": "",
        "is_domain": False,
    }  # fmt: skip
    known = tables.tables["identity_users"].columns.keys()
    return {name: value for name, value in {**common, **values}.items() if name in known}


def test_the_oldest_keeps_its_name(database: Database, caplog: pytest.LogCaptureFixture) -> None:  # noqa: F811
    migrations.upgrade(database, BEFORE)
    tables = sa.MetaData()
    names = {
        "1": ("demo", "default", 10), "2": ("DEMO", "default", 20), "3": ("Demo", "default", 30),
        "4": ("DEMO", "other", 40), "5": ("DEMO-2", "default", 50), f"{'a' * 32}": ("q" + LONG, "default", 60),
        f"{'b' * 32}": ("Q" + LONG, "default", 70), "8": ("Straße", "default", 80), "9": ("STRASSE", "default", 90),
    }  # fmt: skip
    with database.connection() as connection, connection.begin():
        tables.reflect(connection)
        for id, (name, domain_id, created_at) in names.items():
            row = rows(tables, id=id, name=name, domain_id=domain_id, created_at=created_at)
            connection.execute(tables.tables["identity_users"].insert(), row)
    with caplog.at_level(logging.INFO):
        migrations.upgrade(database, AFTER)
    with database.connection() as connection:
        found = connection.execute(sa.text("SELECT id, name, folded_name FROM identity_users ORDER BY id")).all()
    now = {id: name for id, name, _ in found}
    assert now.pop("b" * 32) == "Q" + LONG[:-9] + "-" + "b" * 8 and now.pop("a" * 32) == "q" + LONG
    assert now == {
        "1": "demo", "2": "DEMO-2-2", "3": "Demo-3", "4": "DEMO", "5": "DEMO-2", "8": "Straße", "9": "STRASSE-9",
    }  # fmt: skip
    assert all(folded == name.casefold() for _, name, folded in found)
    assert "'DEMO' was a second name" in caplog.text
