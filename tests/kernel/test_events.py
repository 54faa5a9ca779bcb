"""Events are read in the order of the commits, on both databases."""

import threading

import pytest

from kumoi.kernel import events
from kumoi.kernel.database import Database, Transaction
from tests.waits import PATIENCE


def subjects(database: Database, position: int) -> tuple[list[str], int]:
    """What is read after a position, a page of two at a time, and the position then."""
    found = []
    while rows := database.read(lambda tx, position=position: events.after(tx, position, 2)):
        found += [row["subject"] for row in rows]
        position = rows[-1]["id"]
    return found, position


def test_pages_follow_each_other(database: Database) -> None:
    for name in "abcde":
        database.write(lambda tx, name=name: events.write(tx, "toy.made", name))
    assert subjects(database, 0)[0] == list("abcde")
    first, _ = subjects(database, database.read(lambda tx: events.after(tx, 0, 2))[-1]["id"])
    assert first == list("cde")


def test_an_event_that_is_forgotten_is_a_position_still(database: Database) -> None:
    for name in "abc":
        database.write(lambda tx, name=name: events.write(tx, "toy.made", name))
    gone = database.read(lambda tx: events.after(tx, 0, 1))[0]["id"]
    database.write(lambda tx: tx.execute(events.events.delete().where(events.events.c.id == gone)))
    assert subjects(database, gone)[0] == list("bc")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_number_that_was_taken_early_and_committed_late(database: Database) -> None:
    began, taken, read = threading.Event(), threading.Event(), threading.Event()

    def early(tx: Transaction) -> None:
        events.write(tx, "toy.made", "first")
        began.set()
        assert taken.wait(PATIENCE)
        events.write(tx, "toy.made", "early")

    def late(tx: Transaction) -> None:
        assert began.wait(PATIENCE)
        events.write(tx, "toy.made", "late")
        taken.set()
        assert read.wait(PATIENCE)

    threads = [threading.Thread(target=database.write, args=(work,)) for work in (early, late)]
    for thread in threads:
        thread.start()
    threads[0].join()
    seen, position = subjects(database, 0)
    assert seen == ["first", "early"]
    read.set()
    threads[1].join()
    assert subjects(database, position)[0] == ["late"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_events_of_another_server_come_before_new_ones(database: Database) -> None:
    """A restore keeps the numbers of transactions of a server that had counted further."""
    for name in "abc":
        database.write(lambda tx, name=name: events.write(tx, "toy.made", name))
    read = database.read(lambda tx: events.after(tx, 0, 2))[-1]["id"]
    database.write(events.adopt_foreign)
    assert database.read(lambda tx: events.after(tx, 0, 1))[0]["written_by"] > 0
    database.write(
        lambda tx: tx.execute(events.events.update().values(written_by=events.events.c.written_by + (1 << 60)))
    )
    database.write(events.adopt_foreign)
    database.write(lambda tx: events.write(tx, "toy.made", "new"))
    assert subjects(database, read)[0] == ["c", "new"]
    assert subjects(database, 0)[0] == ["a", "b", "c", "new"]
