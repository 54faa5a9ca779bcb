"""Transactions: of fifty concurrent ones with room for ten, exactly ten succeed. Sorting is equal on both databases."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from kumoi.kernel import clock, quotas
from kumoi.kernel.database import Database, Transaction, metadata
from kumoi.kernel.errors import DatabaseAway, OverQuota
from kumoi.kernel.pagination import page
from tests.databases import PostgreSQL
from tests.waits import PATIENCE, at_once

shelf = sa.Table(
    "toy_shelf", metadata,
    sa.Column("id", sa.String(36), primary_key=True), sa.Column("project_id", sa.String(64)),
    sa.Column("note", sa.String(20)),
)  # fmt: skip


def count(tx: Transaction, project_id: str) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).where(shelf.c.project_id == project_id)) or 0)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    made.create_all()
    quotas.Quota("toy", "books", 10, count)
    yield made
    made.close()
    quotas.registry.pop(("toy", "books"))


def test_fifty_at_once_against_a_quota_of_ten(database: Database) -> None:
    refused: list[OverQuota] = []

    def take(tx: Transaction) -> None:
        quotas.take(tx, "toy", "p", {"books": 1})
        tx.insert(shelf, id=tx.new_uuid(), project_id="p")

    def client() -> None:
        try:
            database.write(take)
        except OverQuota as error:
            refused.append(error)

    at_once([client] * 50)
    assert database.read(lambda tx: count(tx, "p")) == 10
    assert len(refused) == 40 and refused[0].limit == 10


def test_a_unique_row_that_appeared_meanwhile_is_met_by_the_logic(database: Database) -> None:
    attempts = []

    def work(tx: Transaction) -> str:
        attempts.append(1)
        if len(attempts) > 1 and tx.one(sa.select(shelf).where(shelf.c.id == "same")):
            return "met"
        tx.insert(shelf, id="same")
        return "made"

    database.write(lambda tx: tx.insert(shelf, id="same"))
    assert database.write(work) == "met"


def test_another_process_that_writes_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite only one process writes at a time. The wait is limited."""
    made = Database(f"sqlite:///{tmp_path / 'kumoi.db'}")
    made.create_all()
    other = sqlite3.connect(tmp_path / "kumoi.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    made.patience = PATIENCE
    ends = threading.Timer(0.3, other.execute, ["COMMIT"])
    ends.start()
    made.write(lambda tx: tx.insert(shelf, id="1", project_id="p"))
    ends.join()
    assert made.read(lambda tx: count(tx, "p")) == 1
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(made, "patience", 0.2)
    with pytest.raises(DatabaseAway):
        made.write(lambda tx: tx.insert(shelf, id="2", project_id="p"))
    other.close()
    made.close()


def test_nobody_loses_for_ever(postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each transaction begins before the previous one ends, so only one of them succeeds; there are more of them than
    attempts."""
    monkeypatch.setattr("kumoi.kernel.database.ATTEMPTS", 10)
    made = Database(postgresql.url(postgresql.fresh()))
    made.create_all()
    made.write(lambda tx: tx.insert(shelf, id="1", project_id="p", note="0"))

    def read_and_write(tx: Transaction) -> None:
        before = tx.row(shelf, id="1")
        assert before is not None
        clock.sleep(0.03)
        tx.update(shelf, {"id": "1"}, note=str(int(before["note"]) + 1))

    at_once([lambda: made.write(read_and_write)] * 32)
    found = made.read(lambda tx: tx.row(shelf, id="1"))
    made.close()
    assert found is not None and found["note"] == "32"


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def work(tx: Transaction) -> None:
        tx.insert(shelf, id="x")
        raise ValueError

    with pytest.raises(ValueError):
        database.write(work)
    assert database.read(lambda tx: tx.all(sa.select(shelf))) == []


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_see_every_row_once_nulls_included(database: Database, direction: str) -> None:
    notes = ["b", None, "a", None, "B", "ä", "a"]
    database.write(lambda tx: tx.insert_many(shelf, [{"id": str(i), "note": note} for i, note in enumerate(notes)]))
    sort = [(shelf.c.note, direction), (shelf.c.id, direction)]
    seen: list[str] = []
    marker = None
    while True:
        rows = database.read(lambda tx: page(tx, sa.select(shelf), sort=sort, marker=marker, limit=2))  # noqa: B023
        if not rows:
            break
        seen += [row["id"] for row in rows]
        marker = rows[-1]
    expected = ["1", "3", "4", "2", "6", "0", "5"]
    assert seen == (expected if direction == "asc" else expected[::-1])
    back = database.read(
        lambda tx: page(
            tx, sa.select(shelf), sort=sort, marker={"id": seen[4], "note": notes[int(seen[4])]}, limit=2, reverse=True
        )
    )
    assert [row["id"] for row in back] == seen[2:4]


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's limit of a file's size simulates a full disk."""
    database = Database(f"sqlite:///{tmp_path}/full.db", patience=0.05)
    database.write(lambda tx: tx.execute(sa.text("create table filling (text text)")))

    def fill(tx: Transaction) -> None:
        tx.execute(sa.text("pragma max_page_count = 4"))
        tx.execute(sa.text("insert into filling values (:text)"), {"text": "x" * 100_000})

    with pytest.raises(DatabaseAway, match=r"The disk of the database is full\. Nothing was changed"):
        database.write(fill)
    database.close()
