"""The sweep of the queue."""

from collections.abc import Iterator

import pytest

from kumoi.kernel import clock, operations
from kumoi.kernel.clock import VirtualClock
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.operations import Context, Operation, Step, begin, subject
from kumoi.kernel.reconcile import View
from kumoi.services.cloud.work.reconcilers import queue
from tests.kernel.toys import MAKE, ORIGIN, things


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    made.create_all()
    yield made
    made.close()


@pytest.fixture
def stubborn() -> Iterator[Operation]:
    """A kind that cannot be ended while it is queued."""

    def failed(context: Context, tx: Transaction, reason: str) -> None:
        raise KeyError("its row is gone")

    yield Operation("toy.stubborn", [Step("one", deadline=5)], failed=failed)
    operations.registry.pop("toy.stubborn")


def test_one_that_cannot_be_ended_does_not_keep_the_others(database: Database, stubborn: Operation) -> None:
    def queue_up(kind: Operation, name: str) -> str:
        database.write(lambda tx: tx.insert(things, id=name, state="making"))
        names = [subject("thing", name), subject("shelf", "s")]
        return database.write(lambda tx: begin(tx, kind, names, {"id": name}, queue=["shelf/s"], **ORIGIN))

    time = VirtualClock()
    with clock.using(time):
        queue_up(MAKE, "t")
        for kind, name in ((stubborn, "u"), (MAKE, "v")):
            time.advance(1)
            queue_up(kind, name)
        time.advance(operations.QUEUE_SECONDS + 2)
        queue.run(View(database, {}.__getitem__))
        held = database.read(lambda tx: operations.pending_on(tx, "shelf/s"))
    assert [(row["arguments"]["id"], row["state"]) for row in held] == [("t", "running"), ("u", "queued")]
