"""The databases of tests behave as those of a cloud."""

import os
import signal
from typing import Any

import psycopg
import sqlalchemy as sa

from kumoi.kernel import events
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


def test_a_database_is_lent_again_without_a_row_unless_its_tables_changed(
    postgresql: PostgreSQL, filled_template: str
) -> None:
    lent = []
    for statement in (
        "INSERT INTO kernel_generations VALUES ('server/1', 1)",
        "CREATE TABLE stray (at int)",
        "SELECT 1",
    ):
        with (
            postgresql.lent(filled_template) as name,
            psycopg.connect(postgresql.url(name), autocommit=True) as connection,
        ):
            assert connection.execute("SELECT count(*) FROM kernel_generations").fetchone() == (0,)
            connection.execute(statement)
            lent.append(name)
    assert lent[0] == lent[1] != lent[2]


def test_content_comes_back_with_its_sequences(postgresql: PostgreSQL, filled_template: str) -> None:
    with postgresql.lent(filled_template) as name:
        tables = Database(postgresql.url(name))

        def told() -> list[dict[str, Any]]:
            tables.write(lambda tx: events.write(tx, "test.told", "test/1", text="a\tb\\c\n", none=None))
            return tables.read(lambda tx: tx.all(ALL_EVENTS))

        first = told()
        kept = postgresql.content(name)
        again = told()
        for _ in range(2):
            tables.close()
            postgresql.write_content(name, kept)
            assert tables.read(lambda tx: tx.all(ALL_EVENTS)) == first
            assert told() == again
        tables.close()


ALL_EVENTS = sa.select(events.events.c.id, events.events.c.facts).order_by(events.events.c.id)
