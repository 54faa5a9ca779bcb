"""The migrations lead to the tables that the code declares, on both databases."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kumoi import app, migrations
from kumoi.kernel.database import Database, metadata
from tests.databases import PostgreSQL


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migrations_make_what_the_code_declares(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    app.load_services()
    if kind == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'kumoi.db'}")
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        database = Database(server.url(server.fresh()))
    migrations.upgrade(database)
    migrations.upgrade(database)
    current, newest = migrations.at(database)
    assert current == newest is not None
    with database.connection() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        found = [change for change in compare_metadata(context, metadata) if "toy_" not in str(change)]
    database.close()
    assert found == [], "python -m kumoi.migrations MESSAGE writes what is missing"
