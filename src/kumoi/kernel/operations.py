"""Durable operations: requested work in a fixed list of steps, which survives the death of any process at any instant."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

import sqlalchemy as sa

from kumoi.kernel import changes, events
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Database, Instant, Table, Transaction, metadata
from kumoi.kernel.errors import Busy
from kumoi.kernel.fences import Fence
from kumoi.kernel.wakeup import operation_due

T = TypeVar("T")

RUNNING, UNWINDING = "running", "unwinding"
QUEUED = "queued"
"""It has not started: it waits until another operation releases one of its subjects."""
DONE, UNDONE, SUPERSEDED = "done", "undone", "superseded"
ACTIVE_STATES = (RUNNING, UNWINDING)
ENDED = (DONE, UNDONE, SUPERSEDED)
UNFINISHED = (QUEUED, *ACTIVE_STATES)
QUEUE_SECONDS = 900.0
"""The longest time that an operation waits in the queue: longer than any step of the operations in front of it."""


class OperationRow(TypedDict):
    id: str
    kind: str
    state: str
    step: str
    arguments: dict[str, Any]
    data: dict[str, Any]
    history: list[dict[str, Any]]
    request_id: str
    user_id: str
    project_id: str | None
    created_at: int
    updated_at: int
    step_since: int
    next_at: int
    attempts: int
    overdue: bool
    lease: str | None
    lease_until: int
    fault: str | None


operations = Table[OperationRow](
    "kernel_operations",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("step", sa.String(64), nullable=False),
    sa.Column("arguments", sa.JSON, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("history", sa.JSON, nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("project_id", sa.String(64)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("step_since", Instant, nullable=False),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("overdue", sa.Boolean, nullable=False),
    sa.Column("lease", sa.String(64)),
    sa.Column("lease_until", Instant, nullable=False),
    sa.Column("fault", sa.Text),
    sa.Index("ix_kernel_operations_due", "next_at", sqlite_where=sa.text("state IN ('running', 'unwinding')"),
             postgresql_where=sa.text("state IN ('running', 'unwinding')")),
    sa.Index("ix_kernel_operations_created_at", "created_at", "id"),
    info=changes.part(
        service="cloud", resource="operation", updates_of=("state", "step", "history", "fault", "overdue")
    ),
)  # fmt: skip

IS_ACTIVE = operations.c.state.in_([sa.literal_column(f"'{state}'") for state in ACTIVE_STATES])
"""Written out: SQLite uses a partial index only where the statement itself, not a bound value, implies its condition."""


class OperationSubjectRow(TypedDict):
    operation_id: str
    subject: str
    active: bool
    waiting: bool


subjects = Table[OperationSubjectRow](
    "kernel_operation_subjects",
    metadata,
    sa.Column("operation_id", sa.String(36), sa.ForeignKey(operations.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("subject", sa.String(128), primary_key=True),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("waiting", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_kernel_operation_subjects_subject", "subject"),
    sa.Index("ix_kernel_operation_subjects_waiting", "subject", sqlite_where=sa.text("waiting = 1"),
             postgresql_where=sa.text("waiting")),
    sa.Index("uq_kernel_operation_subjects_one_active", "subject", unique=True, sqlite_where=sa.text("active = 1"),
             postgresql_where=sa.text("active")),
)  # fmt: skip


class GenerationRow(TypedDict):
    subject: str
    generation: int


generations = Table[GenerationRow](
    "kernel_generations",
    metadata,
    sa.Column("subject", sa.String(128), primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
)


DETAILS = "details"
"""Key in a context's data: the details of a fault that only admins may read."""


class Failed(Exception):
    """A step failed and a retry would not help. The text is for the person who made the request."""


class Retry(Exception):
    """A step failed for now, for example because an engine does not answer. The runner retries it until its deadline."""


@dataclass(frozen=True)
class Again:
    """Returned by `do` or `undo`: the work is not finished; call again after `after` seconds."""

    after: float
    """Seconds."""


class Context:
    """What a step knows of its operation. `data` is stored with the progress of the step; change it in `do` or `record`."""

    def __init__(
        self, database: Database, locate: Callable[[type[Any]], Any], row: Mapping[str, Any], fences: Mapping[str, int]
    ) -> None:
        self.database = database
        self._locate = locate
        self._generations = fences
        self.id: str = row["id"]
        self.kind: str = row["kind"]
        self.arguments: dict[str, Any] = row["arguments"]
        self.data: dict[str, Any] = row["data"]
        self.request_id: str = row["request_id"]
        self.user_id: str = row["user_id"]
        self.project_id: str | None = row["project_id"]
        self.step_since: int = row["step_since"]
        self.attempts: int = row["attempts"]
        self.fault: str | None = row["fault"]
        self.began: bool = row["state"] != QUEUED
        """Whether a step may have run; not if the operation gives up in the queue."""

    def details(self, reason: str) -> str:
        """The text of a fault for admins; the reason itself where there are no details."""
        return str(self.data.get(DETAILS) or reason)

    @property
    def subjects(self) -> list[str]:
        """`<kind>/<id>` of every subject that this operation holds, including those inherited from superseded operations."""
        return list(self._generations)

    def subjects_of(self, kind: str) -> list[str]:
        """The ids of the subjects of one kind."""
        return [subject.partition("/")[2] for subject in self._generations if subject.startswith(f"{kind}/")]

    def fence(self, kind: str, subject_id: str) -> Fence:
        """The fence of one of its subjects; KeyError when the operation does not hold it."""
        subject = f"{kind}/{subject_id}"
        return Fence(subject, self._generations[subject])

    def engine(self, kind: type[T]) -> T:
        """The engine registered under an interface in the composition root."""
        found: T = self._locate(kind)
        return found

    def read(self, work: Callable[[Transaction], T]) -> T:
        return self.database.read(work)


Do = Callable[[Context], Again | None]
Record = Callable[[Context, Transaction], None]


@dataclass(frozen=True)
class Step:
    """`do` calls engines, outside any transaction; `record` writes rows, in the transaction that stores the step's progress.
    `undo` and `erase` are their counterparts on the way backward. Each may run twice; none is skipped, loops or waits.

    `deadline`: seconds until the step is overdue. `turn`: the longer limit while the host is Occupied with an earlier order.
    `pivot`: after this step the operation cannot turn round.
    `durable` False: a power cut may lose its progress (repeating is harmless and no client relies on it).
    """

    name: str
    do: Do | None = None
    record: Record | None = None
    undo: Do | None = None
    erase: Record | None = None
    deadline: float = 60.0
    turn: float = 0.0
    pivot: bool = False
    durable: bool = True


@dataclass(frozen=True)
class Operation:
    """`failed` marks the resource (ERROR with a reason). It runs in the transaction that ends an undone operation. It also
    runs as soon as a deadline is missed, whether the operation then turns round or is retried. `forward_only`: a
    deletion, which is never undone.
    `action`: the name under which the compute API lists it among a server's actions."""

    kind: str
    steps: Sequence[Step]
    failed: Callable[[Context, Transaction, str], None]
    forward_only: bool = False
    action: str | None = None

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.kind}: two steps of one name")
        if self.kind in registry:
            raise ValueError(f"{self.kind} is registered twice")
        registry[self.kind] = self

    def index(self, name: str) -> int:
        return next(i for i, step in enumerate(self.steps) if step.name == name)


registry: dict[str, Operation] = {}


def subject(kind: str, subject_id: str) -> str:
    return f"{kind}/{subject_id}"


_BUSY = (
    sa.select(subjects.c.subject, operations.c.kind)
    .join(operations)
    .where(subjects.c.subject.in_(sa.bindparam("names", expanding=True)), sa.or_(subjects.c.active, subjects.c.waiting))
)


def begin(
    tx: Transaction,
    operation: Operation,
    subject_names: Iterable[str],
    arguments: Mapping[str, Any],
    *,
    request_id: str,
    user_id: str,
    project_id: str | None,
    data: Mapping[str, Any] | None = None,
    shown_for: Iterable[str] = (),
    queue: Iterable[str] = (),
) -> str:
    """Start an operation in the caller's transaction and return its id. Raises Busy (409) if another operation holds a
    subject. `shown_for`: further subjects whose history shows the operation, although it does not hold them. `queue`: those
    of its subjects for which it waits, in the order of the requests, instead of being refused. All
    operations must queue for the same kind of subject only, so that no two of them wait for each other."""
    names = list(dict.fromkeys(subject_names))
    queue = set(queue)
    waits_for = set()
    for busy, at_work in tx.tuples(_BUSY, {"names": names}):
        if busy not in queue:
            kind, _, subject_id = busy.partition("/")
            raise Busy(f"{kind} {subject_id} is busy: {at_work.replace('.', ' ')} is in progress.")
        waits_for.add(busy)
    operation_id = tx.new_uuid()
    tx.insert(
        operations, id=operation_id, kind=operation.kind, state=QUEUED if waits_for else RUNNING,
        step=operation.steps[0].name, arguments=dict(arguments), data=dict(data or {}), history=[],
        request_id=request_id, user_id=user_id, project_id=project_id, created_at=tx.now, updated_at=tx.now,
        step_since=tx.now, next_at=tx.now, attempts=0, overdue=False, lease=None, lease_until=0, fault=None,
    )  # fmt: skip
    held = {**dict.fromkeys(shown_for, False), **{name: name not in waits_for for name in names}}
    tx.insert_many(
        subjects,
        [
            {"operation_id": operation_id, "subject": name, "active": each, "waiting": name in waits_for}
            for name, each in held.items()
        ],
    )
    events.write(
        tx, f"{operation.kind}.begun", names[0], request_id=request_id, user_id=user_id, project_id=project_id,
        operation=operation_id,
    )  # fmt: skip
    tx.after_commit(operation_due)
    return operation_id


class ActiveOperation(TypedDict):
    id: str
    kind: str
    state: str


def supersede(
    tx: Transaction,
    operation: Operation,
    subject_names: Iterable[str],
    arguments: Mapping[str, Any],
    *,
    request_id: str,
    user_id: str,
    project_id: str | None,
) -> str:
    """Like `begin`, but first end every active operation on the subjects. The new operation inherits the other subjects of
    those operations and must clean them up. Only deletions use this. A second request for the same deletion returns the
    id of the first one. If that one is overdue, its deadline starts anew, so that `failed` marks the resource again."""
    names = list(dict.fromkeys(subject_names))
    found = tx.all(
        sa.select(operations.c.id, operations.c.kind, operations.c.state)
        .join(subjects)
        .where(subjects.c.subject.in_(names), sa.or_(subjects.c.active, subjects.c.waiting))
        .distinct(),
        ActiveOperation,
    )
    # Queued operations end first. Otherwise one of them would start when the active one ends.
    active = sorted(found, key=lambda row: row["state"] != QUEUED)
    if len(active) == 1 and active[0]["kind"] == operation.kind:
        since = sa.case((operations.c.overdue, tx.now), else_=operations.c.step_since)
        this = operations.update().where(operations.c.id == active[0]["id"])
        tx.execute(this.values(next_at=tx.now, step_since=since, overdue=False))
        tx.after_commit(operation_due)
        return active[0]["id"]
    for row in active:
        inherited = sa.select(subjects.c.subject).where(subjects.c.operation_id == row["id"], subjects.c.active)
        names += tx.column(inherited)
        end(tx, row["id"], SUPERSEDED)
    return begin(
        tx, operation, names, arguments, request_id=request_id, user_id=user_id, project_id=project_id
    )  # fmt: skip


def subjects_of(tx: Transaction, operation_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(id, subject) of these operations."""
    if not operation_ids:
        return []
    query = sa.select(subjects.c.operation_id, subjects.c.subject).where(subjects.c.operation_id.in_(operation_ids))
    return [(str(id), str(name)) for id, name in tx.tuples(query.order_by(subjects.c.operation_id, subjects.c.subject))]


def release_subject(tx: Transaction, operation_id: str, subject_name: str) -> None:
    """Release one subject of an active operation, so that another operation may hold it."""
    held = (subjects.c.operation_id == operation_id, subjects.c.subject == subject_name)
    tx.execute(subjects.update().where(*held).values(active=False))
    _start_queued(tx, operation_id)


def is_running(tx: Transaction, operation_id: str) -> bool:
    """Whether the operation is active and has not turned round."""
    state: str | None = tx.scalar(sa.select(operations.c.state).where(operations.c.id == operation_id))
    return state == RUNNING


def end(tx: Transaction, operation_id: str, state: str) -> None:
    """End an operation from outside. A runner that still executes it loses its lease."""
    row = tx.one(
        operations.update()
        .where(operations.c.id == operation_id)
        .values(state=state, updated_at=tx.now, lease=None, lease_until=0)
        .returning(operations),
        OperationRow,
    )
    if row is not None:
        held = sa.select(sa.func.min(subjects.c.subject)).where(
            subjects.c.operation_id == operation_id, subjects.c.active
        )
        first = tx.scalar(held)
        release(tx, row, first or "")


_FREE = subjects.update().where(subjects.c.operation_id == sa.bindparam("ended")).values(active=False, waiting=False)
_released, _waiting, _holding = subjects.alias("released"), subjects.alias("waiting"), subjects.alias("holding")
_QUEUE = (
    sa.select(_waiting.c.subject, _waiting.c.operation_id)
    .select_from(_released)
    .join(_waiting, sa.and_(_waiting.c.subject == _released.c.subject, _waiting.c.waiting))
    .join(operations, operations.c.id == _waiting.c.operation_id)
    .where(_released.c.operation_id == sa.bindparam("ended"), sa.not_(_released.c.active))
    .where(~sa.exists().where(_holding.c.subject == _waiting.c.subject, _holding.c.active))
    .order_by(operations.c.created_at, operations.c.id)
)
"""The queue for the released subjects of an operation, in the order of the requests."""


def _start_queued(tx: Transaction, operation_id: str) -> None:
    """Give the subjects that an operation released to the first operation in each queue, and start it when it has all."""
    given: set[str] = set()
    for subject_name, next_id in tx.tuples(_QUEUE, {"ended": operation_id}):
        if subject_name in given:
            continue
        given.add(subject_name)
        this = (subjects.c.operation_id == next_id, subjects.c.subject == subject_name)
        tx.execute(subjects.update().where(*this).values(active=True, waiting=False))
        waits = sa.exists().where(subjects.c.operation_id == next_id, subjects.c.waiting)
        tx.execute(
            operations.update()
            .where(operations.c.id == next_id, ~waits)
            .values(state=RUNNING, step_since=tx.now, next_at=tx.now)
        )
        tx.after_commit(operation_due)


def _no_engine(kind: type[Any]) -> Any:
    raise RuntimeError(f"{kind.__name__}: no engine is called inside a transaction")


def waiting_too_long(tx: Transaction) -> list[str]:
    """Ids of operations that have been queued for more than QUEUE_SECONDS, oldest first."""
    since = tx.now - round(QUEUE_SECONDS * SECOND)
    late = sa.select(operations.c.id).join(subjects).where(subjects.c.waiting, operations.c.created_at < since)
    return list(dict.fromkeys(tx.column(late.order_by(operations.c.created_at))))


def give_up(tx: Transaction, database: Database, operation_id: str) -> None:
    """End a queued operation. It has started nothing, so only its first step's `erase` runs, which releases what the
    request took. Does nothing if it is not queued any more."""
    row = tx.row(operations, id=operation_id)
    if row is None or row["state"] != QUEUED:
        return
    operation = registry[row["kind"]]
    context = Context(database, _no_engine, row, {})
    reason = f"It waited for more than {QUEUE_SECONDS:g} s for earlier work on the same resource."
    if (erase := operation.steps[0].erase) is not None:
        erase(context, tx)
    operation.failed(context, tx, reason)
    entry = {"step": row["step"], "started": row["created_at"], "finished": tx.now, "result": "Error", "detail": reason}
    tx.update(operations, {"id": operation_id}, fault=reason, history=[entry])
    end(tx, operation_id, UNDONE)


def release(tx: Transaction, row: Mapping[str, Any], first: str) -> None:
    """Release the subjects of an operation that has just ended, and write the event under the first subject."""
    events.write(
        tx, f"{row['kind']}.{row['state']}", first, request_id=row["request_id"], user_id=row["user_id"],
        project_id=row["project_id"], operation=row["id"], fault=row["fault"],
    )  # fmt: skip
    tx.execute(_FREE, {"ended": row["id"]})
    _start_queued(tx, row["id"])


def active_on(tx: Transaction, subject_name: str) -> str | None:
    """The kind of the operation that holds the subject."""
    kind: str | None = tx.scalar(
        sa.select(operations.c.kind).join(subjects).where(subjects.c.subject == subject_name, subjects.c.active)
    )
    return kind


def pending_on(tx: Transaction, subject_name: str) -> list[OperationRow]:
    """Rows of the operations that hold the subject or wait for it, in the order of the requests."""
    here = sa.or_(subjects.c.active, subjects.c.waiting)
    query = sa.select(operations).join(subjects).where(subjects.c.subject == subject_name, here)
    return tx.all(query.order_by(operations.c.created_at, operations.c.id), OperationRow)


def held(tx: Transaction) -> set[str]:
    """Every subject that an operation holds, for audits."""
    return set(tx.column(sa.select(subjects.c.subject).where(subjects.c.active)))


def known(tx: Transaction, subject_names: Iterable[str]) -> bool:
    """Whether any operation ever held one of these subjects."""
    names = generations.c.subject.in_(list(subject_names))
    return tx.scalar(sa.select(generations.c.subject).where(names).limit(1)) is not None


def history_of(tx: Transaction, subject_name: str, limit: int = 1000) -> list[OperationRow]:
    """Rows of operations that hold or held the subject, or show it in their history, newest first. `history` lists
    {step, started, finished, result, detail}."""
    return tx.all(
        sa.select(operations)
        .join(subjects)
        .where(subjects.c.subject == subject_name)
        .order_by(operations.c.created_at.desc(), operations.c.id)
        .limit(limit),
        OperationRow,
    )


def unfinished(tx: Transaction) -> list[OperationRow]:
    """Active and queued operations, oldest first, for the audit."""
    wanted = sa.select(operations).where(operations.c.state.in_(UNFINISHED))
    return tx.all(wanted.order_by(operations.c.created_at), OperationRow)


def forget_old(tx: Transaction, before: int) -> int:
    """Remove operations that ended before that instant; returns how many."""
    ended = operations.c.state.not_in(UNFINISHED)
    return tx.changed(operations.delete().where(ended, operations.c.updated_at < before))
