"""The database keeps counts equal to the rows, whatever changes them."""

from collections.abc import Iterator
from functools import partial

import pytest
import sqlalchemy as sa

from kumoi.kernel import counts, quotas
from kumoi.kernel.counts import Count
from kumoi.kernel.database import Database, Transaction, metadata
from kumoi.kernel.errors import OverQuota
from tests.waits import at_once

books = sa.Table(
    "toy_books", metadata,
    sa.Column("id", sa.String(36), primary_key=True), sa.Column("project_id", sa.String(64)),
    sa.Column("pages", sa.Integer, nullable=False), sa.Column("lost_at", sa.BigInteger),
)  # fmt: skip
notes = sa.Table(
    "toy_notes", metadata,
    sa.Column("id", sa.String(36), primary_key=True), sa.Column("project_id", sa.String(64)),
    sa.Column("book_id", sa.String(36), sa.ForeignKey(books.c.id, ondelete="CASCADE")),
)  # fmt: skip


@pytest.fixture(autouse=True)
def declared() -> Iterator[tuple[Count, Count]]:
    known = dict(counts.registry)
    shelved = books.c.lost_at.is_(None)
    Count("toy.notes", notes.c.project_id)
    yield (
        Count("toy.books", books.c.project_id, where=shelved),
        Count("toy.pages", books.c.project_id, books.c.pages, shelved),
    )
    counts.registry.clear()
    counts.registry.update(known)


@pytest.fixture
def database(declared: object, database_url: str) -> Iterator[Database]:
    """With the triggers of these counts; a database that is reused has none."""
    made = Database(database_url)
    made.create_all()
    yield made
    made.close()


def add(tx: Transaction, id: str, project_id: str | None = "p", pages: int = 10, lost_at: int | None = None) -> None:
    tx.insert(books, id=id, project_id=project_id, pages=pages, lost_at=lost_at)


def kept(database: Database, holder: str = "p") -> tuple[int, int]:
    found = database.read(lambda tx: counts.of(tx, holder, ["toy.books", "toy.pages"]))
    assert database.read(counts.differences) == []
    return found["toy.books"], found["toy.pages"]


def test_each_change_of_a_row_changes_the_count(database: Database) -> None:
    database.write(lambda tx: [add(tx, str(number)) for number in range(4)])
    assert kept(database) == (4, 40)
    database.write(lambda tx: add(tx, "nobody's", None))
    database.write(lambda tx: add(tx, "lost", lost_at=1))
    assert kept(database) == (4, 40)
    database.write(lambda tx: tx.update(books, {"id": "0"}, pages=15))
    assert kept(database) == (4, 45)
    database.write(lambda tx: tx.update(books, {"id": "0"}, lost_at=1))
    assert kept(database) == (3, 30)
    database.write(lambda tx: tx.update(books, {"id": "0"}, lost_at=None, pages=1))
    assert kept(database) == (4, 31)
    database.write(lambda tx: tx.update(books, {"id": "1"}, project_id="q"))
    assert (kept(database), kept(database, "q")) == ((3, 21), (1, 10))
    database.write(lambda tx: tx.update(books, {"id": "1"}, project_id=None))
    assert (kept(database), kept(database, "q")) == ((3, 21), (0, 0))
    database.write(lambda tx: tx.execute(books.delete().where(books.c.id.in_(["0", "lost", "nobody's"]))))
    assert kept(database) == (2, 20)
    database.write(lambda tx: tx.execute(books.delete()))
    assert kept(database) == (0, 0)


def test_rows_that_go_with_another_are_counted(database: Database) -> None:
    database.write(lambda tx: add(tx, "b"))
    database.write(
        lambda tx: tx.insert_many(notes, [{"id": str(n), "project_id": "p", "book_id": "b"} for n in range(3)])
    )
    assert database.read(lambda tx: counts.registry["toy.notes", "toy_notes"](tx, "p")) == 3
    database.write(lambda tx: tx.execute(books.delete()))
    assert database.read(lambda tx: counts.registry["toy.notes", "toy_notes"](tx, "p")) == 0
    assert database.read(counts.differences) == []


def test_what_is_rolled_back_is_not_counted(database: Database) -> None:
    def fail(tx: Transaction) -> None:
        add(tx, "b")
        raise KeyError

    with pytest.raises(KeyError):
        database.write(fail)
    assert kept(database) == (0, 0)


def test_writers_at_once_lose_nothing(database: Database) -> None:
    def work(writer: int) -> None:
        for number in range(12):
            database.write(lambda tx, id=f"{writer}-{number:x}": add(tx, id))  # type: ignore[misc]
            if number % 3 == 0:
                database.write(lambda tx, id=f"{writer}-{number:x}": tx.execute(books.delete().where(books.c.id == id)))  # type: ignore[misc]

    at_once([partial(work, writer) for writer in range(6)])
    assert kept(database) == (48, 480)


def test_fifty_at_once_against_a_kept_count_of_ten(database: Database, declared: tuple[Count, Count]) -> None:
    quotas.Quota("toy", "books", 10, declared[0])
    refused: list[OverQuota] = []

    def take(tx: Transaction) -> None:
        quotas.take(tx, "toy", "p", {"books": 1})
        add(tx, tx.new_uuid())

    def client() -> None:
        try:
            database.write(take)
        except OverQuota as error:
            refused.append(error)

    at_once([client] * 50)
    quotas.registry.pop(("toy", "books"))
    assert kept(database) == (10, 100) and len(refused) == 40


def test_lost_triggers_are_made_again_and_rows_counted(database: Database) -> None:
    database.write(lambda tx: add(tx, "b"))
    with database.connection() as connection, connection.begin():
        counts.remove(connection)
    database.write(lambda tx: add(tx, "c"))
    assert database.read(counts.differences) == [("toy.books", "p", 1, 2), ("toy.pages", "p", 10, 20)]
    with database.connection() as connection, connection.begin():
        counts.install(connection)
    assert kept(database) == (2, 20)
    database.write(lambda tx: add(tx, "d"))
    assert kept(database) == (3, 30)


def test_a_count_that_is_declared_otherwise_is_made_anew(database: Database) -> None:
    database.write(lambda tx: add(tx, "b"))
    Count("toy.pages", books.c.project_id, books.c.pages * 2)
    assert database.read(counts.differences) == [("toy.pages", "p", 10, 20)]
    with database.connection() as connection, connection.begin():
        counts.install(connection)
    database.write(lambda tx: add(tx, "c"))
    assert kept(database) == (2, 40)
