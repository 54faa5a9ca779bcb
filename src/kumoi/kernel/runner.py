"""Takes durable operations under a lease and walks them, step by step, forwards or back."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import clock, log, randomness
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.errors import ApiError
from kumoi.kernel.fences import Stale
from kumoi.kernel.operations import (
    ACTIVE_STATES,
    DONE,
    RUNNING,
    UNDONE,
    UNWINDING,
    Again,
    Context,
    Failed,
    Operation,
    Retry,
    Step,
    end,
    generations,
    operations,
    registry,
    subjects,
)

LEASE_SECONDS = 30.0
LONGEST_RETRY_SECONDS = 30.0
SHORT_WAIT_SECONDS = 0.1
"""A wait that a worker sits out with the lease in its hand: giving it back and taking it again costs more."""

_DUE = (
    sa.select(operations.c.id)
    .where(
        operations.c.state.in_(ACTIVE_STATES),
        operations.c.next_at <= sa.bindparam("now"),
        operations.c.lease_until <= sa.bindparam("now"),
    )
    .order_by(operations.c.next_at)
    .limit(1)
)
_ROW = sa.select(operations).where(operations.c.id == sa.bindparam("operation_id"))
_HELD = (
    sa.select(subjects.c.subject)
    .where(subjects.c.operation_id == sa.bindparam("operation_id"))
    .order_by(subjects.c.subject)
)
_GENERATION = sa.select(generations.c.generation).where(generations.c.subject == sa.bindparam("name"))
_LEASE = sa.select(operations.c.lease, operations.c.state).where(operations.c.id == sa.bindparam("operation_id"))


def _nothing(moment: str, kind: str, step: str, direction: str) -> None: ...


probe: Callable[[str, str, str, str], None] = _nothing
"""Where tests stand: called with `before` (a step), `called` (its engine work is done, nothing is written) and `recorded`
(its progress is), the operation's kind, the step, and `forward` or `backward`. What it raises befalls the step."""


class LeaseLost(Exception):
    """Another runner, or a deletion, has taken over; whatever was about to be written is dropped."""


class Runner:
    """One worker's view: `run_one` takes a due operation and walks it until it waits or ends. Thread-safe."""

    def __init__(
        self,
        database: Database,
        locate: Callable[[type[Any]], Any],
        retryable: tuple[type[Exception], ...] = (),
        expected: tuple[type[Exception], ...] = (),
    ) -> None:
        """`retryable`: exceptions of engines that do not answer; `expected`: of engines that say no, for the person."""
        self.database = database
        self.locate = locate
        self.retryable: tuple[type[Exception], ...] = (Retry, *retryable)
        self.expected: tuple[type[Exception], ...] = (Failed, ApiError, *expected)
        self.name = randomness.new_secret(8)
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._count = 0

    def run_one(self) -> bool:
        """True when an operation was taken (whatever became of it)."""
        taken = self._take()
        if taken is None:
            return False
        row, fences = taken
        log.request_id.set(row["request_id"])
        with self._lock:
            self._held.add(row["lease"])
        try:
            self._walk(registry[row["kind"]], row, fences)
        except (LeaseLost, Stale):
            log.say(__name__, "lease lost", operation=row["id"], kind=row["kind"])
        finally:
            log.request_id.set("")
            with self._lock:
                self._held.discard(row["lease"])
        return True

    def run_until_quiet(self, seconds: float = 30.0) -> None:
        """For tests: walk everything that is due, and what becomes due meanwhile, with waits cut short."""
        stop = clock.monotonic() + seconds
        while clock.monotonic() < stop:
            while self.run_one():
                pass
            following = self.database.read(self._next)
            if following is None:
                return
            clock.sleep(max(0.0, min((following - clock.now()) / SECOND, 0.2)))

    def renew(self) -> None:
        """Keep the leases of what is being walked; call every LEASE_SECONDS / 3."""
        with self._lock:
            held = list(self._held)
        if held:
            self.database.write(
                lambda tx: tx.execute(
                    operations.update()
                    .where(operations.c.lease.in_(held), operations.c.state.in_(ACTIVE_STATES))
                    .values(lease_until=tx.now + round(LEASE_SECONDS * SECOND))
                ),
                durable=False,
            )

    def next_due(self) -> int | None:
        """The instant at which the next operation is due; None: there is none."""
        return self.database.read(self._next)

    @staticmethod
    def _next(tx: Transaction) -> int | None:
        due = sa.case(
            (operations.c.lease_until > operations.c.next_at, operations.c.lease_until), else_=operations.c.next_at
        )
        found: int | None = tx.scalar(sa.select(sa.func.min(due)).where(operations.c.state.in_(ACTIVE_STATES)))
        return found

    def _take(self) -> tuple[dict[str, Any], dict[str, int]] | None:
        if self.database.read(lambda tx: tx.scalar(_DUE, {"now": tx.now})) is None:
            return None

        def take(tx: Transaction) -> tuple[dict[str, Any], dict[str, int]] | None:
            operation_id = tx.scalar(_DUE, {"now": tx.now})
            if operation_id is None:
                return None
            with self._lock:
                self._count += 1
                lease = f"{self.name}-{self._count}"
            tx.execute(
                operations.update()
                .where(operations.c.id == operation_id)
                .values(lease=lease, lease_until=tx.now + round(LEASE_SECONDS * SECOND))
            )
            row = tx.one(_ROW, {"operation_id": operation_id})
            assert row is not None
            fences = {}
            for found in tx.all(_HELD, {"operation_id": operation_id}):
                name = found["subject"]
                known = tx.scalar(_GENERATION, {"name": name}) or 0
                tx.upsert(generations, {"subject": name}, {"generation": known + 1})
                fences[name] = known + 1
            return row, fences

        return self.database.write(take)

    def _walk(self, operation: Operation, row: dict[str, Any], fences: Mapping[str, int]) -> None:
        while True:
            row = self._one_step(operation, row, fences)
            if row["state"] not in ACTIVE_STATES or row["lease"] is None:
                return
            if (early := row["next_at"] - clock.now()) > 0:
                clock.sleep(early / SECOND)

    def _one_step(self, operation: Operation, row: dict[str, Any], fences: Mapping[str, int]) -> dict[str, Any]:
        step = operation.steps[operation.index(row["step"])]
        forward = row["state"] == RUNNING
        context = Context(self.database, self.locate, row, fences)
        started = clock.now()
        engine, write = (step.do, step.record) if forward else (step.undo, step.erase)
        direction = "forward" if forward else "backward"
        try:
            probe("before", operation.kind, step.name, direction)
            waits = engine(context) if engine else None
            if waits is None:
                probe("called", operation.kind, step.name, direction)

                def progress(tx: Transaction) -> dict[str, Any]:
                    current = self._mine(tx, row)
                    if write:
                        write(context, tx)
                    return self._advance(tx, operation, current, context, step, started)

                advanced = self.database.write(progress, durable=step.durable)
                probe("recorded", operation.kind, step.name, direction)
                return advanced
            return self._wait(operation, row, context, step, waits.after, None)
        except (LeaseLost, Stale):
            raise
        except self.retryable as error:
            after = min(0.2 * 2 ** min(row["attempts"], 8), LONGEST_RETRY_SECONDS)
            return self._wait(operation, row, context, step, after, str(error) or type(error).__name__)
        except self.expected as error:
            return self._refused(operation, row, context, step, str(error) or type(error).__name__, started)
        except Exception as error:
            log.fault(__name__, "step failed", operation=row["id"], kind=row["kind"], step=step.name)
            reason = f"{step.name.replace('_', ' ')} failed: {type(error).__name__} (request {row['request_id']})"
            return self._refused(operation, row, context, step, reason, started)

    def _mine(self, tx: Transaction, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row as this worker wrote it last: who has the lease is the only one to change it."""
        current = tx.one(_LEASE, {"operation_id": row["id"]})
        if current is None or current["lease"] != row["lease"] or current["state"] not in ACTIVE_STATES:
            raise LeaseLost
        return dict(row)

    def _change(self, tx: Transaction, row: dict[str, Any], **values: Any) -> dict[str, Any]:
        """Write progress; a lease that is not kept walking is given back at once."""
        values["updated_at"] = tx.now
        if values.get("next_at", tx.now) > tx.now + SHORT_WAIT_SECONDS * SECOND:
            values.update(lease=None, lease_until=0)
        else:
            values["lease_until"] = tx.now + round(LEASE_SECONDS * SECOND)
        tx.execute(operations.update().where(operations.c.id == row["id"]).values(**values))
        return {**row, **values}

    def _advance(
        self, tx: Transaction, operation: Operation, row: dict[str, Any], context: Context, step: Step, started: int
    ) -> dict[str, Any]:
        forward = row["state"] == RUNNING
        entry = {
            "step": step.name,
            "started": started,
            "finished": tx.now,
            "result": "Success" if forward else "Undone",
        }
        history = [*row["history"], entry]
        index = operation.index(step.name) + (1 if forward else -1)
        changed = {"data": context.data, "history": history, "attempts": 0, "step_since": tx.now, "next_at": tx.now}
        if 0 <= index < len(operation.steps):
            if forward:
                changed["overdue"] = False
            return self._change(tx, row, step=operation.steps[index].name, **changed)
        if not forward:
            operation.failed(context, tx, row["fault"] or "failed")
        done = self._change(tx, row, **changed)
        end(tx, row["id"], DONE if forward else UNDONE, known=(done, min(context.subjects)))
        return {**done, "state": DONE if forward else UNDONE}

    def _committed(self, operation: Operation, row: Mapping[str, Any]) -> bool:
        """Whether there is only forward from here."""
        if operation.forward_only:
            return True
        return any(step.pivot for step in operation.steps[: operation.index(row["step"])])

    def _wait(
        self, operation: Operation, row: dict[str, Any], context: Context, step: Step, after: float, reason: str | None
    ) -> dict[str, Any]:
        late = clock.now() - row["step_since"] > step.deadline * SECOND
        if late and row["state"] == RUNNING and not self._committed(operation, row):
            said = reason or "not finished"
            return self._turn(
                operation, row, context, step, f"{step.name.replace('_', ' ')}: {said} after {step.deadline:g} s"
            )

        def wait(tx: Transaction) -> dict[str, Any]:
            current = self._mine(tx, row)
            changes: dict[str, Any] = {
                "data": context.data,
                "attempts": current["attempts"] + 1,
                "next_at": tx.now + max(1, round(after * SECOND)),
            }
            if late and not current["overdue"]:
                changes["overdue"] = True
                changes["fault"] = (
                    current["fault"] or f"{step.name.replace('_', ' ')}: {reason or 'not finished in time'}"
                )
                operation.failed(context, tx, changes["fault"])
            return self._change(tx, current, **changes)

        return self.database.write(wait, durable=late)

    def _refused(
        self, operation: Operation, row: dict[str, Any], context: Context, step: Step, reason: str, started: int
    ) -> dict[str, Any]:
        """Before the pivot: turn round. Past it, or on the way back: mark the resource and go on trying."""
        if row["state"] == RUNNING and not self._committed(operation, row):
            return self._turn(operation, row, context, step, reason)

        def mark(tx: Transaction) -> dict[str, Any]:
            current = self._mine(tx, row)
            after = min(0.5 * 2 ** min(current["attempts"], 7), LONGEST_RETRY_SECONDS)
            changes: dict[str, Any] = {
                "attempts": current["attempts"] + 1,
                "next_at": tx.now + round(after * SECOND),
                "fault": current["fault"] or reason,
            }
            if not current["overdue"] and (tx.now - current["step_since"] > step.deadline * SECOND):
                changes["overdue"] = True
                operation.failed(context, tx, reason)
            return self._change(tx, current, **changes)

        return self.database.write(mark)

    def _turn(
        self, operation: Operation, row: dict[str, Any], context: Context, step: Step, reason: str
    ) -> dict[str, Any]:
        """Begin the way back, with the step that failed itself: it may be half done."""

        def turn(tx: Transaction) -> dict[str, Any]:
            current = self._mine(tx, row)
            entry = {
                "step": step.name, "started": current["step_since"], "finished": tx.now, "result": "Error", "detail": reason,
            }  # fmt: skip
            return self._change(
                tx, current, state=UNWINDING, fault=reason, data=context.data, history=[*current["history"], entry],
                attempts=0, step_since=tx.now, next_at=tx.now, overdue=False,
            )  # fmt: skip

        return self.database.write(turn)


__all__ = ["LEASE_SECONDS", "UNWINDING", "Again", "LeaseLost", "Runner"]
