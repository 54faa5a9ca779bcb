"""Toy operations on a toy world, to try the kernel with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Database, Transaction, metadata
from kumoi.kernel.operations import Again, Context, Failed, Operation, Retry, Step, begin, subject, supersede

things = sa.Table(
    "toy_things", metadata, sa.Column("id", sa.String(36), primary_key=True), sa.Column("state", sa.String(255))
)


@dataclass
class World:
    """What the toy engines created. `fail`: step name → what its `do` raises or returns, one list item per call."""

    made: list[str] = field(default_factory=list)
    fail: dict[str, list[Any]] = field(default_factory=dict)
    fences: list[tuple[str, int]] = field(default_factory=list)
    before: Callable[[str], None] = lambda _name: None

    def act(self, name: str, context: Context) -> Again | None:
        self.before(name)
        self.fences.append((name, context.fence("thing", context.arguments["id"]).generation))
        if self.fail.get(name):
            answer = self.fail[name].pop(0)
            if isinstance(answer, Again):
                return answer
            raise answer
        if name.startswith("undo "):
            if name[5:] in self.made:
                self.made.remove(name[5:])
        elif name not in self.made:
            self.made.append(name)
        return None


def _do(name: str) -> Callable[[Context], Again | None]:
    return lambda context: context.engine(World).act(name, context)


def _state(text: str) -> Callable[[Context, Transaction], None]:
    def record(context: Context, tx: Transaction) -> None:
        tx.execute(things.update().where(things.c.id == context.arguments["id"]).values(state=text))

    return record


def _failed(context: Context, tx: Transaction, reason: str) -> None:
    _state(f"error: {reason}")(context, tx)


MAKE = Operation(
    "toy.make",
    [
        Step("one", do=_do("one"), record=_state("one"), undo=_do("undo one"), erase=_state("no one"), deadline=5),
        Step("two", do=_do("two"), undo=_do("undo two"), deadline=5),
        Step("three", do=_do("three"), undo=_do("undo three"), pivot=True, deadline=5),
        Step("four", do=_do("four"), record=_state("ready"), deadline=5),
    ],
    failed=_failed,
)

REMOVE = Operation(
    "toy.remove",
    [
        Step("empty", do=lambda c: c.engine(World).made.clear(), deadline=5),
        Step("gone", record=lambda c, tx: tx.execute(things.delete().where(things.c.id == c.arguments["id"])) and None),
    ],
    failed=_failed,
    forward_only=True,
)

TAKE_AWAY = Operation(
    "toy.take_away",
    [Step("away", do=_do("away"), record=_state("away"), deadline=5)],
    failed=_failed,
    forward_only=True,
)
"""A deletion that may fail."""

STUMBLE = Operation(
    "toy.stumble",
    [Step("gone", record=lambda c, tx: supersede(tx, REMOVE, c.subjects, c.arguments, **ORIGIN) and None, deadline=5)],
    failed=_failed,
    forward_only=True,
)
"""A bug: it starts an operation, in its own transaction, that takes its subject."""

HURRY = Operation(
    "toy.hurry",
    [
        Step("look", do=_do("look"), durable=False, deadline=5),
        Step("build", do=_do("build"), undo=_do("undo build"), durable=False, deadline=5),
        Step("ready", do=_do("ready"), record=_state("ready"), deadline=5),
    ],
    failed=_failed,
)
"""Progress that need not outlive a power cut."""

ORIGIN: dict[str, Any] = {"request_id": "req-1", "user_id": "u", "project_id": "p"}


def make(database: Database, thing_id: str = "t", operation: Operation = MAKE) -> str:
    """A thing and the operation that creates it."""

    def work(tx: Transaction) -> str:
        tx.insert(things, id=thing_id, state="new")
        return begin(tx, operation, [subject("thing", thing_id)], {"id": thing_id}, **ORIGIN)

    return database.write(work)


def state(database: Database, thing_id: str = "t") -> str | None:
    found: str | None = database.read(lambda tx: tx.scalar(sa.select(things.c.state).where(things.c.id == thing_id)))
    return found


__all__ = ["Failed", "Retry"]
