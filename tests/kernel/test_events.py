"""Events are read in the order of the commits, on both databases."""

import threading

import pytest

from kumoi.kernel import events
from kumoi.kernel.database import Database, Transaction


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
        assert taken.wait(10)
        events.write(tx, "toy.made", "early")

    def late(tx: Transaction) -> None:
        assert began.wait(10)
        events.write(tx, "toy.made", "late")
        taken.set()
        assert read.wait(10)

    threads = [threading.Thread(target=database.write, args=(work,)) for work in (early, late)]
    for thread in threads:
        thread.start()
    threads[0].join()
    seen, position = subjects(database, 0)
    assert seen == ["first", "early"]
    read.set()
    threads[1].join()
    assert subjects(database, position)[0] == ["late"]
