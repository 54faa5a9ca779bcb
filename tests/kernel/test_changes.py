"""The feed of changes: every written row is in it, in the order of the commits, on both databases."""

import functools
import threading
from typing import Any, TypedDict

import pytest
import sqlalchemy as sa

from kumoi.kernel import changes, clock, wakeup
from kumoi.kernel.changes import BEGIN, ChangeRow, Position
from kumoi.kernel.database import Database, Table, Transaction, metadata
from kumoi.kernel.who import Who
from tests.waits import PATIENCE


class ToyBoxRow(TypedDict):
    id: str
    project_id: str | None
    shared: bool
    size: int
    deleted_at: int | None


boxes = Table[ToyBoxRow](
    "toy_chests",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64)),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("deleted_at", sa.BigInteger),
    info=changes.part(service="toy", resource="box", updates_of=("project_id", "shared", "size", "deleted_at")),
)
labels = sa.Table(
    "toy_chest_labels",
    metadata,
    sa.Column("box_id", sa.String(36), sa.ForeignKey(boxes.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("label", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64)),
    info=changes.part(),
)
unseen = sa.Table("toy_unseen", metadata, sa.Column("id", sa.String(36), primary_key=True), info=changes.UNSEEN)


def box(tx: Transaction, id: str, project_id: str | None = "p", shared: bool = False) -> None:
    tx.insert_row(boxes, ToyBoxRow(id=id, project_id=project_id, shared=shared, size=1, deleted_at=None))


def written(database: Database, work: Any) -> list[ChangeRow]:
    """What the feed got by it."""
    before = database.read(changes.newest)
    database.write(work)
    return database.read(lambda tx: changes.after(tx, before, 100))


def told(rows: list[ChangeRow]) -> list[tuple[str, str | None, bool, bool]]:
    assert all((row["service"], row["resource"]) == ("toy", "box") for row in rows)
    return [(row["key"], row["project_id"], row["everyone"], row["gone"]) for row in rows]


def test_a_row_of_a_resource(database: Database) -> None:
    assert told(written(database, lambda tx: box(tx, "a"))) == [("a", "p", False, False)]
    assert told(written(database, lambda tx: tx.update(boxes, {"id": "a"}, size=2))) == [("a", "p", False, False)]
    gone = written(database, lambda tx: tx.update(boxes, {"id": "a"}, deleted_at=1))
    assert told(gone) == [("a", "p", False, True)]
    assert told(written(database, lambda tx: tx.execute(boxes.delete()))) == [("a", "p", False, True)]
    assert written(database, lambda tx: tx.insert(unseen, id="a")) == []


def test_rows_that_no_function_names(database: Database) -> None:
    database.write(lambda tx: [box(tx, id) for id in "abc"])
    changed = written(
        database, lambda tx: tx.execute(boxes.update().where(boxes.c.id != "b").values(size=boxes.c.size + 1))
    )
    assert sorted(told(changed)) == [("a", "p", False, False), ("c", "p", False, False)]
    again = {"project_id": "p", "shared": False, "size": 5}
    assert told(written(database, lambda tx: tx.upsert(boxes, {"id": "a"}, again))) == [("a", "p", False, False)]


def test_updates_of_other_columns_are_no_changes(database: Database) -> None:
    database.write(lambda tx: box(tx, "a"))
    assert written(database, lambda tx: tx.update(boxes, {"id": "a"}, id="b")) == []


def test_parts_belong_to_their_resource(database: Database) -> None:
    database.write(lambda tx: [box(tx, id) for id in "ab"])
    labelled = written(database, lambda tx: tx.insert(labels, box_id="a", label="x", project_id="friend"))
    assert told(labelled) == [("a", "p", False, False), ("a", "friend", False, False)]
    moved = written(database, lambda tx: tx.update(labels, {"box_id": "a"}, box_id="b"))
    assert {key for key, *_ in told(moved)} == {"a", "b"}
    # A part that goes with its resource says nothing of its own.
    removed = written(database, lambda tx: tx.execute(boxes.delete().where(boxes.c.id == "b")))
    assert told(removed) == [("b", "p", False, True)]


def test_who_could_see_it_before_is_told_too(database: Database) -> None:
    database.write(lambda tx: box(tx, "a", shared=True))
    assert told(written(database, lambda tx: tx.update(boxes, {"id": "a"}, shared=False))) == [("a", "p", True, False)]
    moved = written(database, lambda tx: tx.update(boxes, {"id": "a"}, project_id="q"))
    assert told(moved) == [("a", "q", False, False), ("a", "p", False, True)]


def test_nothing_of_what_was_rolled_back(database: Database) -> None:
    def fails(tx: Transaction) -> None:
        box(tx, "a")
        raise ValueError

    with pytest.raises(ValueError):
        database.write(fails)
    assert database.read(changes.newest) == BEGIN


def test_a_reader_beside_many_writers_misses_nothing(database: Database) -> None:
    writers, each = 6, 15
    done = threading.Event()
    seen: list[ChangeRow] = []

    def write(number: int) -> None:
        for count in range(each):
            name = f"{number}-{count}"
            database.write(functools.partial(both, name=name))

    def both(tx: Transaction, name: str) -> None:
        tx.insert(unseen, id=name)
        box(tx, name)

    def follow() -> None:
        position = BEGIN
        while True:
            last = done.is_set()
            rows = database.read(functools.partial(changes.after, position=position, limit=7))
            seen.extend(rows)
            if rows:
                position = changes.place(rows[-1])
            elif last:
                return

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    follower = threading.Thread(target=follow)
    for thread in (follower, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    follower.join()
    assert sorted(row["key"] for row in seen) == sorted(f"{n}-{c}" for n in range(writers) for c in range(each))
    assert [changes.place(row) for row in seen] == sorted(changes.place(row) for row in seen)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_number_that_was_taken_early_and_committed_late(database: Database) -> None:
    """The transaction that began later takes the lower id, and commits after the other was read."""
    began, taken, read = threading.Event(), threading.Event(), threading.Event()

    def early(tx: Transaction) -> None:
        tx.insert(unseen, id="early")
        began.set()
        assert taken.wait(PATIENCE)
        box(tx, "early")

    def late(tx: Transaction) -> None:
        assert began.wait(PATIENCE)
        box(tx, "late")
        taken.set()
        assert read.wait(PATIENCE)

    threads = [threading.Thread(target=database.write, args=(work,)) for work in (early, late)]
    for thread in threads:
        thread.start()
    threads[0].join()
    first = database.read(lambda tx: changes.after(tx, BEGIN, 10))
    assert [row["key"] for row in first] == ["early"]
    read.set()
    threads[1].join()
    position = changes.place(first[0])
    rest = database.read(lambda tx: changes.after(tx, position, 10))
    assert [row["key"] for row in rest] == ["late"] and rest[0]["id"] < position.id


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_transaction_that_began_earlier_and_is_still_open(database: Database) -> None:
    """What was committed meanwhile waits for it. Otherwise its changes would be before the reader's position."""
    began, read = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        tx.insert(unseen, id="slow")
        began.set()
        assert read.wait(PATIENCE)
        box(tx, "slow")

    thread = threading.Thread(target=database.write, args=(slow,))
    thread.start()
    assert began.wait(PATIENCE)
    database.write(lambda tx: box(tx, "quick"))
    seen = database.read(lambda tx: changes.after(tx, BEGIN, 10))
    position = changes.place(seen[-1]) if seen else BEGIN
    assert database.read(changes.newest) == position
    read.set()
    thread.join()
    seen += database.read(lambda tx: changes.after(tx, position, 10))
    assert sorted(row["key"] for row in seen) == ["quick", "slow"]


def test_what_is_old_goes_and_the_last_stays(database: Database) -> None:
    for id in "abcd":
        database.write(lambda tx, id=id: box(tx, id))
    rows = database.read(lambda tx: changes.after(tx, BEGIN, 10))
    places = [changes.place(row) for row in rows]
    database.write(lambda tx: tx.update(changes.changes, {"id": rows[0]["id"]}, at=1))
    database.write(lambda tx: tx.update(changes.changes, {"id": rows[1]["id"]}, at=2))
    assert database.write(changes.forget_old) == 2
    known = [database.read(lambda tx, place=place: changes.known(tx, place)) for place in places]
    assert known == [False, False, True, True]
    late = clock.VirtualClock(clock.now())
    late.advance(changes.KEPT / clock.SECOND + 1)
    with clock.using(late):
        database.write(changes.forget_old)
    assert database.read(changes.newest) == places[3]
    assert database.read(lambda tx: changes.known(tx, places[3]))
    database.write(lambda tx: box(tx, "e"))
    assert [row["key"] for row in database.read(lambda tx: changes.after(tx, places[3], 10))] == ["e"]


def test_there_are_no_more_than_the_most(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST", 3)
    monkeypatch.setattr(changes, "PIECE", 4)
    for id in "abcdefgh":
        database.write(lambda tx, id=id: box(tx, id))
    assert [database.write(changes.forget_old) for _ in range(3)] == [4, 1, 0]
    assert [row["key"] for row in database.read(lambda tx: changes.after(tx, BEGIN, 10))] == ["f", "g", "h"]


def test_a_position_of_before_a_restore_is_not_known(database: Database) -> None:
    database.write(lambda tx: box(tx, "a"))
    place = database.read(changes.newest)
    assert database.read(lambda tx: changes.known(tx, place))
    assert not database.read(lambda tx: changes.known(tx, place._replace(at=place.at - 1)))
    assert not database.read(lambda tx: changes.known(tx, BEGIN))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_feed_of_another_server_goes(database: Database) -> None:
    database.write(lambda tx: box(tx, "a"))
    database.write(changes.forget_foreign)
    assert database.read(changes.newest) != BEGIN
    database.write(lambda tx: tx.execute(changes.changes.update().values(written_by=1 << 60)))
    database.write(changes.forget_foreign)
    assert database.read(lambda tx: tx.scalar(sa.select(sa.func.count()).select_from(changes.changes))) == 0


def test_positions_are_texts() -> None:
    assert Position.read(str(Position(7, 8, 9))) == Position(7, 8, 9)
    for wrong in ("", "1", "1-2", "1-2-x", "-1-2-3", "1-2-3-4", "9" * 30 + "-1-1"):
        with pytest.raises(ValueError):
            Position.read(wrong)


def test_who_sees_it() -> None:
    row = ChangeRow(
        id=1, written_by=0, at=1, service="toy", resource="box", key="a", project_id="p", user_id=None, everyone=False,
        gone=False,
    )  # fmt: skip
    reader = Who("u", project_id="p", roles=frozenset({"reader"}))
    other = Who("v", project_id="q", roles=frozenset({"reader", "member"}))
    admin = Who("w", project_id="q", roles=frozenset({"admin"}))
    system = Who("x", system=True, roles=frozenset({"reader"}))
    assert [changes.visible(who, row) for who in (reader, other, admin, system)] == [True, False, True, True]
    assert changes.visible(other, {**row, "everyone": True})
    nobodys: ChangeRow = {**row, "project_id": None}
    assert [changes.visible(who, nobodys) for who in (reader, other, admin, system)] == [False, False, True, True]
    assert changes.visible(other, {**nobodys, "user_id": "v"}) and not changes.visible(
        reader, {**nobodys, "user_id": "v"}
    )


def test_triggers_are_made_once_and_anew_when_they_differ(database: Database) -> None:
    def there() -> set[tuple[str, ...]]:
        with database.connection() as connection:
            return {tuple(row) for row in connection.exec_driver_sql(changes._THERE[database.dialect])}

    def install() -> None:
        with database.connection() as connection, connection.begin():
            changes.install(connection)

    before = there()
    assert {table for table, _ in before} >= {"toy_chests", "toy_chest_labels", "kernel_operations"}
    assert "toy_unseen" not in {table for table, _ in before}
    with database.connection() as connection, connection.begin():
        changes.uninstall(connection)
    assert there() == set()
    install()
    install()
    assert there() == before


def test_a_commit_that_wrote_something_rings(database: Database) -> None:
    rung: list[wakeup.Work] = []
    wakeup.announce_with(rung.append)
    try:
        database.read(changes.newest)
        database.write(changes.newest)
        assert rung == []
        database.write(lambda tx: box(tx, "a"))
        assert rung == [wakeup.Work.COMMIT]
    finally:
        wakeup.announce_with(lambda _: None)
