"""The databases that tests stand on are what a cloud would stand on."""

import sqlalchemy as sa

from kumoi.kernel import clock
from kumoi.kernel.database import Database, metadata
from tests.databases import PostgreSQL


def test_each_test_has_every_table_and_no_row(database_url: str) -> None:
    database = Database(database_url)
    database.create_all()
    with database.connection() as connection:
        for table in metadata.sorted_tables:
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0
    database.close()


def test_a_fresh_database_is_quick(postgresql: PostgreSQL, filled_template: str) -> None:
    before = clock.monotonic()
    names = [postgresql.fresh(filled_template) for _ in range(5)]
    assert clock.monotonic() - before < 5
    for name in names:
        postgresql.drop(name)
