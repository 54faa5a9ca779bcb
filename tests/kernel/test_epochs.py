"""Epochs, which every request reads."""

import os
import sqlite3
from pathlib import Path

import pytest

from kumoi.kernel import epochs
from kumoi.kernel.connections import Glances
from kumoi.kernel.database import Database
from tests.waits import at_once


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'kumoi.db'}")
    made.create_all()
    return made


def advance(database: Database) -> None:
    database.write(lambda tx: epochs.advance(tx, "identity"))


def test_the_latest_epoch_is_that_of_the_last_commit_of_any_process(database: Database) -> None:
    assert epochs.latest(database, "identity") == 0
    for count in (1, 2):
        advance(database)
        assert epochs.latest(database, "identity") == count == database.read(lambda tx: epochs.current(tx, "identity"))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            again = Database(database.url)
            advance(again)
            status = int(epochs.latest(again, "identity") != 3)
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert epochs.latest(database, "identity") == 3


def test_an_uncommitted_change_is_not_seen(database: Database) -> None:
    database.write(lambda tx: (epochs.advance(tx, "identity"), _equals(epochs.latest(database, "identity"), 0)))
    assert epochs.latest(database, "identity") == 1


def _equals(one: int, other: int) -> None:
    assert one == other


def test_a_forked_child_uses_connections_of_its_own(database: Database) -> None:
    glances = database.glances
    assert glances is not None
    advance(database)
    assert epochs.latest(database, "identity") == 1
    mine = glances._idle
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = int(epochs.latest(database, "identity") != 1 or glances._idle is mine)
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    advance(database)
    assert epochs.latest(database, "identity") == 2 and glances._idle is mine


def test_many_threads_glance_at_once(database: Database) -> None:
    advance(database)
    seen: list[int] = []

    def look() -> None:
        seen.extend(epochs.latest(database, "identity") for _ in range(200))

    at_once([look] * 8)
    assert seen == [1] * 1600
    assert database.glances is not None and database.glances._idle.qsize() <= 8


def test_an_error_is_told_by_a_transaction(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    advance(database)

    def broken(statement: str, *values: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(database.glances, "value", broken)
    assert epochs.latest(database, "identity") == 1


def test_a_connection_that_failed_is_not_used_again(tmp_path: Path) -> None:
    glances = Glances(str(tmp_path / "x.db"))
    with pytest.raises(sqlite3.OperationalError):
        glances.value("SELECT value FROM nothing WHERE name = ?", "x")
    assert glances._idle.qsize() == 0
    assert glances.value("SELECT ?", 5) == 5 and glances._idle.qsize() == 1
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        glances.value("CREATE TABLE t (a)")
    glances.close()
    assert glances._idle.qsize() == 0


def test_a_closed_database_opens_again(database: Database) -> None:
    advance(database)
    assert epochs.latest(database, "identity") == 1
    database.close()
    assert epochs.latest(database, "identity") == 1
