"""A database that is unreachable, whose replies are lost, or that a stalled client blocks: nothing is lost, repeated or
guessed, and waits are limited."""

import contextlib
import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from kumoi.kernel import clock, connections, database, operations, runner
from kumoi.kernel.database import Database, Transaction, metadata
from kumoi.kernel.errors import DatabaseAway, OutcomeUnknown
from kumoi.kernel.runner import Runner
from tests.cloud import Cloud
from tests.databases import PostgreSQL
from tests.kernel.toys import World, make, state
from tests.services.compute import world as worlds
from tests.services.compute.world import SERVERS
from tests.waits import PATIENCE, ended
from tests.wire import Wire

away = sa.Table(
    "toy_away", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("count", sa.Integer),
)  # fmt: skip
NETWORKS = "/network/v2.0/networks"


@pytest.fixture
def wire(postgresql: PostgreSQL) -> Iterator[Wire]:
    made = Wire(postgresql)
    yield made
    made.end()


@pytest.fixture
def name(postgresql: PostgreSQL, filled_template: str) -> Iterator[str]:
    """The name of a database with all tables."""
    with postgresql.lent(filled_template) as made:
        yield made


@pytest.fixture
def tables(wire: Wire, name: str) -> Iterator[Database]:
    """Reached through the wire, with one row to count in."""
    made = Database(wire.url(name))
    made.create_all()
    made.write(lambda tx: tx.insert(away, id=1, count=0))
    yield made
    made.close()


def add(tx: Transaction) -> int:
    """Add one; returns the new number."""
    row = tx.row(away, id=1)
    assert row is not None
    tx.update(away, {"id": 1}, count=row["count"] + 1)
    return int(row["count"]) + 1


def counted(tables: Database) -> int:
    return int(tables.read(lambda tx: tx.scalar(sa.select(away.c.count))))


class Counting:
    """Adds one, and counts how often it was run."""

    def __init__(self, first: Callable[[], None] = lambda: None) -> None:
        self.first, self.ran, self.committed = first, 0, 0

    def __call__(self, tx: Transaction) -> int:
        self.ran += 1
        tx.after_commit(self.note)
        found = add(tx)
        if self.ran == 1:
            self.first()
        return found

    def note(self) -> None:
        self.committed += 1


def test_a_connection_that_broke_before_its_commit_is_made_anew(wire: Wire, tables: Database) -> None:
    assert counted(tables) == 0
    wire.cut()
    assert counted(tables) == 0
    wire.cut()
    assert tables.write(add) == 1
    in_the_middle = Counting(wire.cut)
    assert tables.write(in_the_middle) == 2
    assert counted(tables) == 2 and in_the_middle.ran == 2 and in_the_middle.committed == 1


def test_a_server_that_ends_the_connections_is_asked_again(postgresql: PostgreSQL, name: str, tables: Database) -> None:
    def end() -> None:
        with psycopg.connect(postgresql.url("postgres"), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))

    assert tables.write(Counting(end)) == 1
    end()
    assert counted(tables) == 1


def test_a_database_that_is_away_is_waited_for(wire: Wire, tables: Database) -> None:
    wire.dead = True
    wire.cut()
    tables.patience = PATIENCE
    back = threading.Timer(1.0, lambda: setattr(wire, "dead", False))
    back.start()
    assert tables.write(add) == 1
    back.join()


def test_a_database_that_stays_away_is_not_waited_for_for_ever(wire: Wire, tables: Database) -> None:
    wire.dead = True
    wire.cut()
    tables.patience = 0.3
    for ask in (lambda: counted(tables), lambda: tables.write(add)):
        with pytest.raises(DatabaseAway) as refused:
            ask()
        assert refused.value.status == 503 and int(refused.value.headers["Retry-After"]) > 0
    wire.dead = False
    assert tables.write(add) == 1


@pytest.mark.parametrize("patient", [0, 4], ids=["in turn", "at first"])
@pytest.mark.parametrize("hold", [0.0, 0.4], ids=["at once", "later"])
@pytest.mark.parametrize(("arrives", "runs"), [(True, 1), (False, 2)], ids=["committed", "not committed"])
def test_the_outcome_of_a_commit_without_an_answer_is_found_out(
    wire: Wire, tables: Database, arrives: bool, runs: int, hold: float, patient: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may not know the outcome at the first question; the client may hold the advisory lock."""
    monkeypatch.setattr(database, "PATIENT_AFTER", patient)
    wire.at_commit, wire.hold = lambda: arrives, hold
    work = Counting()
    assert tables.write(work) == 1
    assert wire.at_commit is None and work.ran == runs and work.committed == 1
    assert counted(tables) == 1


def test_an_outcome_that_cannot_be_found_out_is_not_guessed(
    wire: Wire, tables: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "OUTCOME_SECONDS", 0.3)

    def last_words() -> bool:
        wire.dead = True
        return True

    wire.at_commit = last_words
    work = Counting()
    with pytest.raises(OutcomeUnknown):
        tables.write(work)
    assert work.ran == 1
    wire.dead = False
    assert counted(tables) == 1


def test_a_transaction_id_given_twice_is_not_taken_for_ours() -> None:
    """A server that crashes forgets transaction ids that were not on its disk, and reuses them."""
    server = PostgreSQL.start(synchronous_commit="on", wal_writer_delay="10s")
    wire = Wire(server)
    name = server.fresh()
    tables = Database(wire.url(name))
    ids: list[Any] = []
    try:
        tables.create_all()
        tables.write(lambda tx: tx.insert(away, id=1, count=0))

        def crash() -> bool:
            wire.dead = True  # until another transaction has the id
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.url(name)) as admin:
                asked = "SELECT pid, backend_xid FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
                ((pid, ours),) = admin.execute(asked).fetchall()
                ids.append(ours)
                os.kill(pid, signal.SIGKILL)
                while True:
                    admin.execute("SELECT 1")
            while len(ids) < 2:
                with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.url(name)) as other:
                    other.execute("INSERT INTO toy_away VALUES (2, 2)")
                    ids.extend(other.execute("SELECT pg_current_xact_id()::xid").fetchone() or ())
            wire.dead = False
            return False

        wire.at_commit = crash
        work = Counting()
        with pytest.raises(OutcomeUnknown):
            tables.write(work)
        assert ids[0] == ids[1], "the id was not given twice, so that this test shows nothing"
        assert counted(tables) == 0
    finally:
        tables.close()
        wire.end()
        server.stop()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that tolerates stalled clients for half a second."""
    monkeypatch.setitem(connections.SESSION_SECONDS, "idle_in_transaction_session_timeout", 0.5)


@pytest.mark.usefixtures("short")
def test_a_client_that_stands_still_in_a_transaction_holds_up_nobody(postgresql: PostgreSQL, name: str) -> None:
    tables, others = Database(postgresql.url(name)), Database(postgresql.url(name))
    tables.create_all()
    tables.write(lambda tx: tx.insert(away, id=1, count=0))
    tables.patience = 0.1
    stands, goes_on = threading.Event(), threading.Event()

    def stand_still() -> None:
        stands.set()
        goes_on.wait(PATIENCE)

    stopped = Counting(stand_still)
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(tables.write(stopped)))
    thread.start()
    assert stands.wait(PATIENCE)
    others.patience = PATIENCE / 2
    assert others.write(add) == 1
    goes_on.set()
    ended(thread)
    assert found == [2] and stopped.ran == 2 and counted(others) == 2
    tables.close()
    others.close()


@pytest.mark.usefixtures("short")
def test_a_client_that_stands_still_with_the_turn_in_its_hand_holds_up_nobody(
    tables: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Database(tables.url)
    with slow._writer.connect() as connection, slow._turn(connection, database.PATIENT_AFTER + 1):
        monkeypatch.setattr(database, "PATIENT_AFTER", 0)
        began = clock.monotonic()
        assert tables.write(add) == 1
        assert clock.monotonic() - began > 0.2, "it did not wait for its turn"
    assert slow.write(add) == 2
    slow.close()


def test_how_long_a_server_waits(postgresql: PostgreSQL, name: str) -> None:
    """Less than a lease, except for migrations. Options in the URL take precedence."""
    tables = Database(postgresql.url(name))
    names = [*connections.SESSION_SECONDS]

    def seconds(connection: sa.Connection) -> dict[str, float]:
        found = {}
        for each in names:
            found[each] = connection.exec_driver_sql(
                "SELECT setting::int / 1000.0 FROM pg_settings WHERE name = %s", (each,)
            ).scalar()
        return {each: float(value or 0) for each, value in found.items()}

    assert all(0 < value < runner.LEASE_SECONDS / 1.5 for value in connections.SESSION_SECONDS.values())
    assert tables.write(lambda tx: seconds(tx.connection)) == connections.SESSION_SECONDS
    assert tables.read(lambda tx: seconds(tx.connection)) == connections.SESSION_SECONDS
    with tables.connection() as connection:
        assert seconds(connection) == connections.ADMIN_SECONDS
    assert tables.write(lambda tx: seconds(tx.connection)) == connections.SESSION_SECONDS
    tables.close()
    other = Database(postgresql.url(name) + "&options=-c%20statement_timeout%3D7000")
    assert other.read(lambda tx: seconds(tx.connection))["statement_timeout"] == 7.0
    other.close()


# Replies to clients.


@pytest.fixture
def reached(wire: Wire, name: str, tmp_path: Path) -> Iterator[Cloud]:
    """A cloud behind the wire."""
    made = Cloud(tmp_path, wire.url(name), create=False)
    made.post(NETWORKS, json={"network": {"name": "first"}})
    yield made
    wire.dead = False
    made.close()


def test_clients_do_not_notice_a_database_that_was_away(wire: Wire, reached: Cloud) -> None:
    wire.cut()
    assert reached.get(SERVERS).status_code == 200
    wire.cut()
    assert reached.post(NETWORKS, json={"network": {"name": "mine"}}).status_code == 201
    wire.at_commit = lambda: True
    assert reached.post(NETWORKS, json={"network": {"name": "mine"}}).status_code == 201
    assert len(reached.get(f"{NETWORKS}?name=mine").json["networks"]) == 2


def test_clients_are_told_when_to_ask_again(wire: Wire, reached: Cloud) -> None:
    reached.database.patience = 0.2
    wire.dead = True
    wire.cut()
    for answer in (reached.get(SERVERS), reached.delete(f"{SERVERS}/{'0' * 36}")):
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
        assert answer.json["serviceUnavailable"]["code"] == 503
    answer = reached.post(NETWORKS, json={"network": {"name": "mine"}})
    assert answer.status_code == 503 and answer.json["NeutronError"]["type"] == "HTTPServiceUnavailable"
    wire.dead = False
    assert reached.get(f"{NETWORKS}?name=mine").json["networks"] == []


def test_a_request_without_outcome_is_asked_again_by_its_key(
    wire: Wire, reached: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "OUTCOME_SECONDS", 0.2)

    def last_words() -> bool:
        wire.dead = True
        return True

    def ask() -> Any:
        return reached.post(NETWORKS, json={"network": {"name": "mine"}}, headers={"Idempotency-Key": "one"})

    wire.at_commit = last_words
    answer = ask()
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert "Idempotency-Key" in answer.json["NeutronError"]["message"]
    wire.dead = False
    assert ask().status_code == 201
    assert len(reached.get(f"{NETWORKS}?name=mine").json["networks"]) == 1


def test_on_sqlite_a_writer_that_stands_still_is_told_to_clients(cloud: Cloud, tmp_path: Path) -> None:
    """Nothing takes the lock from a living process; reads continue."""
    worlds.make(cloud)
    other = sqlite3.connect(tmp_path / "kumoi.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    cloud.database.patience = 0.3
    answer = cloud.post(NETWORKS, json={"network": {"name": "mine"}})
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert answer.json["NeutronError"]["type"] == "HTTPServiceUnavailable"
    threads = [
        threading.Thread(target=cloud.post, args=(NETWORKS,), kwargs={"json": {"network": {}}}) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    assert cloud.get(f"{NETWORKS}?name=mine").json["networks"] == []
    for thread in threads:
        ended(thread)
    other.execute("ROLLBACK")
    assert cloud.post(NETWORKS, json={"network": {"name": "mine"}}).status_code == 201
    other.close()


# Effects on operations.


@pytest.fixture
def leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LEASE_SECONDS", 3.0)


def _history(tables: Database) -> list[tuple[str, str]]:
    rows = tables.read(lambda tx: operations.history_of(tx, "thing/t"))
    return [(entry["step"], entry["result"]) for entry in rows[0]["history"]]


@pytest.mark.usefixtures("leases")
@pytest.mark.parametrize("step", ["two", "three", "four"])
@pytest.mark.parametrize("outcome", ["committed", "not committed", "unknown", "away", "away for a moment"])
def test_an_operation_goes_on_whatever_becomes_of_the_database(
    wire: Wire, tables: Database, monkeypatch: pytest.MonkeyPatch, step: str, outcome: str
) -> None:
    """At a step before the pivot, at the pivot and after it. None of these outages is a failure of the step."""
    tables.patience = 0.2
    troubled: list[str] = []

    def unknown(xid: str, life: str) -> bool:
        raise OutcomeUnknown

    def trouble(moment: str, _kind: str, at: str, _direction: str) -> None:
        if (moment, at) == ("called", step) and not troubled and outcome != "away for a moment":
            troubled.append(at)
            if outcome == "away":
                wire.dead = True
                wire.cut()
            else:
                wire.at_commit = lambda: outcome != "not committed"

    monkeypatch.setattr(runner, "probe", trouble)
    world = World()
    make(tables)
    if outcome == "unknown":
        monkeypatch.setattr(tables, "_committed", unknown)
    if outcome == "away for a moment":
        world.fail[step] = [DatabaseAway()]
    walking = Runner(tables, {World: world}.__getitem__)
    walking.run_one()
    assert troubled == [step] * (outcome != "away for a moment")
    wire.dead = False
    walking.run_until_quiet(PATIENCE)
    assert world.made == ["one", "two", "three", "four"] and state(tables) == "ready"
    assert _history(tables) == [(each, "Success") for each in ("one", "two", "three", "four")]
