"""The databases of tests behave as those of a cloud."""

import os
import signal

import sqlalchemy as sa

from kumoi.kernel.database import Database, metadata
from tests.databases import PostgreSQL


def test_each_test_has_every_table_and_no_row(database_url: str) -> None:
    database = Database(database_url)
    database.create_all()
    with database.connection() as connection:
        for table in metadata.sorted_tables:
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0
    database.close()


def test_fresh_databases_are_apart(postgresql: PostgreSQL, filled_template: str) -> None:
    names = [postgresql.fresh(filled_template) for _ in range(3)]
    assert len(set(names)) == 3
    for name in names:
        postgresql.drop(name)


def test_a_server_that_is_kept_comes_back_with_what_it_answered() -> None:
    server = PostgreSQL.start(synchronous_commit="on")
    try:
        server.keep()
        name = server.fresh()
        tables = Database(server.url(name))
        tables.create_all()
        for end in (lambda: server.crash(0.2), lambda: os.kill(server.backends(name)[0], signal.SIGKILL)):
            tables.write(lambda tx: tx.execute(sa.text("CREATE TABLE IF NOT EXISTS kept (at int)")))
            tables.write(lambda tx: tx.execute(sa.text("INSERT INTO kept VALUES (1)")))
            end()
        assert tables.read(lambda tx: tx.scalar(sa.text("SELECT count(*) FROM kept"))) == 2
        tables.close()
    finally:
        server.stop()
    assert server.server.poll() is not None and not server.folder.exists()
