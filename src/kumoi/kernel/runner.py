"""Executes durable operations under a lease, step by step, forward or backward."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import clock, log, randomness
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import INSERT, Database, Transaction
from kumoi.kernel.errors import ApiError, DatabaseAway, Discreet, EngineRefused, EngineSilent, Occupied, OutcomeUnknown
from kumoi.kernel.fences import Stale
from kumoi.kernel.operations import (
    ACTIVE_STATES,
    DETAILS,
    DONE,
    ENDED,
    IS_ACTIVE,
    RUNNING,
    UNDONE,
    UNWINDING,
    Again,
    Context,
    Failed,
    Operation,
    Retry,
    Step,
    generations,
    operations,
    registry,
    release,
    subjects,
)
from kumoi.kernel.wakeup import work_later

LEASE_SECONDS = 30.0
LONGEST_RETRY_SECONDS = 30.0
SHORT_WAIT_SECONDS = 0.1
"""The longest wait during which a worker keeps the lease, because a release and a new lease cost more."""
SHORT_WAITS = 3
"""Maximum number of short waits in a row that are not written. Together they are far shorter than the lease."""
OUTAGE_SECONDS = 60.0
"""If nobody took a due operation for this long, no runner was there (the machine was off). Deadlines exclude that time."""
UNWRITTEN = "unwritten"
"""Key in a worker's row: values that the next write will store (decision 7)."""

_ALL_DUE = (
    sa.select(operations.c.id)
    .where(
        IS_ACTIVE,
        operations.c.next_at <= sa.bindparam("now"),
        operations.c.lease_until <= sa.bindparam("now"),
    )
    .order_by(operations.c.next_at)
)
_DUE = _ALL_DUE.limit(1)
_WAITING = _ALL_DUE.limit(2)
_NEXT = sa.select(
    sa.func.min(
        sa.case((operations.c.lease_until > operations.c.next_at, operations.c.lease_until), else_=operations.c.next_at)
    )
).where(IS_ACTIVE)
_UNATTENDED: sa.ColumnElement[int] = sa.bindparam("now") - sa.case(
    (operations.c.lease_until > operations.c.next_at, operations.c.lease_until), else_=operations.c.next_at
)
_LEASE = (
    operations.update()
    .where(operations.c.id == _DUE.scalar_subquery())
    .values(
        lease=sa.bindparam("new_lease"),
        lease_until=sa.bindparam("new_lease_until"),
        step_since=sa.case(
            (sa.bindparam("outage") < _UNATTENDED, operations.c.step_since + _UNATTENDED), else_=operations.c.step_since
        ),
    )
    .returning(operations)
)


def _next_generations(dialect: str) -> sa.Executable:
    """Statement: raise the generations of all subjects of an operation."""
    held = (
        sa.select(subjects.c.subject, sa.literal(1))
        .where(subjects.c.operation_id == sa.bindparam("operation_id"), subjects.c.active)
        .order_by(subjects.c.subject)
    )
    statement: sa.Executable = (
        INSERT[dialect](generations)
        .from_select(["subject", "generation"], held)
        .on_conflict_do_update(index_elements=["subject"], set_={"generation": generations.c.generation + 1})
        .returning(generations.c.subject, generations.c.generation)
    )
    return statement


_MINE = (
    operations.update()
    .where(
        operations.c.id == sa.bindparam("operation_id"),
        operations.c.lease == sa.bindparam("mine"),
        IS_ACTIVE,
    )
    .returning(operations.c.step_since, operations.c.overdue)
)
_GENERATIONS = {dialect: _next_generations(dialect) for dialect in INSERT}


def _nothing(moment: str, kind: str, step: str, direction: str) -> None: ...


probe: Callable[[str, str, str, str], None] = _nothing
"""Hook for tests. Its arguments are the moment (`before` the step, `called` after the engine call and before the write,
`recorded` after the write), the kind of the operation, the step, and `forward` or `backward`. An exception that it raises
counts as one of the step."""


def _may_go_unwritten(operation: Operation, step: Step) -> bool:
    """Whether the progress of a step may be left to the next write: a repetition is harmless and nobody reads the progress.
    Before a step with an undo it must be written, because the process that takes over must know that the step may have
    started (decision 7)."""
    if step.record or step.durable or step.pivot or step is operation.steps[-1]:
        return False
    return operation.steps[operation.index(step.name) + 1].undo is None


def _pause(row: Mapping[str, Any]) -> float:
    """Seconds until the next attempt."""
    return float(min(0.2 * 2 ** min(row["attempts"], 8), LONGEST_RETRY_SECONDS))


def _told(error: Exception) -> str:
    """The text of an error for users."""
    return error.told if isinstance(error, Discreet) else str(error) or type(error).__name__


def _details(error: Exception) -> str | None:
    """The text of an error for admins; None if it is the same as for users."""
    return str(error) or type(error).__name__ if isinstance(error, Discreet) else None


def _note_details(operation: Operation, row: Mapping[str, Any], context: Context, said: str, fully: str) -> None:
    """Log the full text of a missed deadline, and store it beside the first fault of the operation."""
    log.say(__name__, "a deadline was missed", operation=row["id"], kind=operation.kind, reason=fully)
    if fully != said and not row["fault"]:
        context.data[DETAILS] = fully


def next_due(tx: Transaction) -> int | None:
    """The instant at which the next unleased operation is due; None if there is none."""
    found: int | None = tx.scalar(_NEXT)
    return found


class LeaseLost(Exception):
    """Another runner or a deletion has taken over. The current transaction is rolled back."""


class Runner:
    """`run_one` takes a due operation and executes it until it waits or ends. Thread-safe."""

    def __init__(
        self,
        database: Database,
        locate: Callable[[type[Any]], Any],
    ) -> None:
        self.database = database
        self.locate = locate
        self.name = randomness.new_secret(8)
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._count = 0

    def run_one(self, more: Callable[[], None] | None = None) -> bool:
        """True if an operation was taken, whatever its outcome. `more` is called first if another operation is due."""
        waiting = self.database.read(lambda tx: len(tx.tuples(_WAITING, {"now": tx.now})))
        taken = self._take() if waiting else None
        if taken is None:
            return False
        if more and waiting > 1:
            more()
        row, fences = taken
        log.request_id.set(row["request_id"])
        with self._lock:
            self._held.add(row["lease"])
        try:
            self._walk(registry[row["kind"]], row, fences)
        except (LeaseLost, Stale):
            log.say(__name__, "lease lost", operation=row["id"], kind=row["kind"])
        except (DatabaseAway, OutcomeUnknown) as error:
            # The operation's row has its progress, for the worker that takes it when the lease expires.
            log.say(__name__, "let go", operation=row["id"], kind=row["kind"], reason=type(error).__name__)
        finally:
            log.request_id.set("")
            with self._lock:
                self._held.discard(row["lease"])
        return True

    def run_until_quiet(self, seconds: float = 30.0) -> None:
        """For tests: execute everything that is or becomes due, with short waits."""
        stop = clock.monotonic() + seconds
        while clock.monotonic() < stop:
            while self.run_one():
                pass
            following = self.next_due()
            if following is None:
                return
            clock.sleep(max(0.0, min((following - clock.now()) / SECOND, 0.2)))

    def renew(self) -> None:
        """Renew the leases of all operations in execution. Call it every LEASE_SECONDS / 3."""
        with self._lock:
            held = list(self._held)
        if held:
            self.database.write(
                lambda tx: tx.execute(
                    operations.update()
                    .where(operations.c.lease.in_(held), IS_ACTIVE)
                    .values(lease_until=tx.now + round(LEASE_SECONDS * SECOND))
                ),
                durable=False,
            )

    def next_due(self) -> int | None:
        """As `next_due` of this module."""
        return self.database.read(next_due)

    def _take(self) -> tuple[dict[str, Any], dict[str, int]] | None:
        def take(tx: Transaction) -> tuple[dict[str, Any], dict[str, int]] | None:
            with self._lock:
                self._count += 1
                lease = f"{self.name}-{self._count}"
            until = tx.now + round(LEASE_SECONDS * SECOND)
            asked = {
                "now": tx.now,
                "new_lease": lease,
                "new_lease_until": until,
                "outage": round(OUTAGE_SECONDS * SECOND),
            }
            row = tx.one(_LEASE, None, asked)
            if row is None:
                return None
            return row, dict(sorted(tx.tuples(_GENERATIONS[tx.dialect], {"operation_id": row["id"]})))

        # A power cut ends every worker on SQLite, so the lease may be lost.
        return self.database.write(take, durable=False)

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
            if waits is not None:
                return self._wait(operation, row, context, step, waits.after, None)
            probe("called", operation.kind, step.name, direction)
            if forward and _may_go_unwritten(operation, step):
                changed = self._next_step(operation, row, context, step, started, clock.now())
                advanced = {**row, **changed, UNWRITTEN: {**row.get(UNWRITTEN, {}), **changed}}
            else:

                def progress(tx: Transaction) -> dict[str, Any]:
                    if write:
                        write(context, tx)
                    return self._advance(tx, operation, row, context, step, started)

                advanced = self.database.write(progress, durable=step.durable)
            probe("recorded", operation.kind, step.name, direction)
            return advanced
        except Stale as error:
            return self._refused_as_old(operation, row, context, step, error)
        except LeaseLost:
            # If the lease is not really lost, the operation's own writes ended it. That is a bug, which must not repeat
            # forever.
            return self._wait(operation, row, context, step, _pause(row), "it stood in its own way")
        except (DatabaseAway, OutcomeUnknown):
            raise
        except (Retry, EngineSilent) as error:
            deadline = max(step.deadline, step.turn) if isinstance(error, Occupied) else step.deadline
            return self._wait(operation, row, context, step, _pause(row), _told(error), _details(error), deadline)
        except (Failed, ApiError, EngineRefused) as error:
            return self._refused(operation, row, context, step, str(error) or type(error).__name__, started)
        except Exception as error:
            reason = f"{step.name.replace('_', ' ')} failed: {type(error).__name__} (request {row['request_id']})"
            refused = self._refused(operation, row, context, step, reason, started)
            # Logged only now, because a step without a lease may fail over changes of the new holder.
            log.fault(__name__, "step failed", operation=row["id"], kind=row["kind"], step=step.name)
            return refused

    def _change(self, tx: Transaction, row: dict[str, Any], **values: Any) -> dict[str, Any]:
        """Write progress. If the operation now waits, its lease is released at once. Only the holder of the lease may change
        the row: LeaseLost, and a rollback of this transaction, if another one holds it. The exception is a second request
        for the same deletion, which starts a missed deadline anew (`supersede`); its values win unless they are written
        here."""
        values = {**row.get(UNWRITTEN, {}), **values, "updated_at": tx.now}
        if values.get("state") in ENDED or values.get("next_at", tx.now) > tx.now + SHORT_WAIT_SECONDS * SECOND:
            values.update(lease=None, lease_until=0)
            if values.get("state") not in ENDED:
                tx.after_commit(work_later)
        else:
            values["lease_until"] = tx.now + round(LEASE_SECONDS * SECOND)
        kept = tx.one(_MINE, None, {**values, "operation_id": row["id"], "mine": row["lease"]})
        if kept is None:
            raise LeaseLost
        return {**row, **values, **kept, UNWRITTEN: {}}

    def _next_step(
        self, operation: Operation, row: dict[str, Any], context: Context, step: Step, started: int, now: int
    ) -> dict[str, Any]:
        """The changes of the row after a step; without the key `step` if it was the last one."""
        forward = row["state"] == RUNNING
        entry = {"step": step.name, "started": started, "finished": now, "result": "Success" if forward else "Undone"}
        changed = {
            "data": context.data, "history": [*row["history"], entry], "attempts": 0, "step_since": now, "next_at": now,
        }  # fmt: skip
        index = operation.index(step.name) + (1 if forward else -1)
        if 0 <= index < len(operation.steps):
            changed["step"] = operation.steps[index].name
            if forward:
                changed["overdue"] = False
        return changed

    def _advance(
        self, tx: Transaction, operation: Operation, row: dict[str, Any], context: Context, step: Step, started: int
    ) -> dict[str, Any]:
        forward = row["state"] == RUNNING
        changed = self._next_step(operation, row, context, step, started, tx.now)
        if "step" in changed:
            return self._change(tx, row, **changed)
        if not forward:
            operation.failed(context, tx, row["fault"] or "failed")
        ended = self._change(tx, row, **changed, state=DONE if forward else UNDONE)
        release(tx, ended, min(context.subjects))
        return ended

    def _committed(self, operation: Operation, row: Mapping[str, Any]) -> bool:
        """Whether the operation has passed its pivot."""
        if operation.forward_only:
            return True
        return any(step.pivot for step in operation.steps[: operation.index(row["step"])])

    def _wait(
        self, operation: Operation, row: dict[str, Any], context: Context, step: Step, after: float, reason: str | None,
        details: str | None = None, deadline: float | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """`reason` is for users, `details` for admins. `deadline`: the step's, unless given."""
        deadline = step.deadline if deadline is None else deadline
        late = clock.now() - row["step_since"] > deadline * SECOND
        if late and row["state"] == RUNNING and not self._committed(operation, row):
            said, fully = (
                f"{step.name.replace('_', ' ')}: {text or 'not finished'} after {deadline:g} s"
                for text in (reason, details or reason)
            )
            _note_details(operation, row, context, said, fully)
            return self._turn(operation, row, context, step, said, overdue=True)

        if after <= SHORT_WAIT_SECONDS and row["attempts"] < SHORT_WAITS and not late:
            next_at = clock.now() + max(1, round(after * SECOND))
            return {**row, "data": context.data, "attempts": row["attempts"] + 1, "next_at": next_at}

        said, fully = (
            f"{step.name.replace('_', ' ')}: {text or 'not finished in time'}" for text in (reason, details or reason)
        )
        marks = late and not row["overdue"]
        if marks:
            _note_details(operation, row, context, said, fully)

        def wait(tx: Transaction) -> dict[str, Any]:
            changes: dict[str, Any] = {
                "data": context.data,
                "attempts": row["attempts"] + 1,
                "next_at": tx.now + max(1, round(after * SECOND)),
            }
            if marks:
                changes["overdue"] = True
                changes["fault"] = row["fault"] or said
                operation.failed(context, tx, changes["fault"])
            return self._change(tx, row, **changes)

        return self.database.write(wait, durable=late)

    def _refused(
        self, operation: Operation, row: dict[str, Any], context: Context, step: Step, reason: str, started: int
    ) -> dict[str, Any]:
        """Before the pivot: turn round. After it, or on the way backward: mark the resource and retry."""
        if row["state"] == RUNNING and not self._committed(operation, row):
            return self._turn(operation, row, context, step, reason)

        def mark(tx: Transaction) -> dict[str, Any]:
            after = min(0.5 * 2 ** min(row["attempts"], 7), LONGEST_RETRY_SECONDS)
            changes: dict[str, Any] = {
                "attempts": row["attempts"] + 1,
                "next_at": tx.now + round(after * SECOND),
                "fault": row["fault"] or reason,
            }
            if not row["overdue"] and (tx.now - row["step_since"] > step.deadline * SECOND):
                changes["overdue"] = True
                operation.failed(context, tx, reason)
            return self._change(tx, row, **changes)

        return self.database.write(mark)

    def _refused_as_old(
        self, operation: Operation, row: dict[str, Any], context: Context, step: Step, error: Stale
    ) -> dict[str, Any]:
        """A host has seen a newer generation. Either another runner has the lease, or the tables lost that generation in
        a power cut and catch up (decision 9)."""
        newest = error.newest

        def catch_up(tx: Transaction) -> dict[str, Any]:
            still_mine = self._change(tx, row, attempts=row["attempts"] + 1)
            if newest is not None:
                tx.execute(
                    generations.update()
                    .where(generations.c.subject == newest.subject, generations.c.generation < newest.generation)
                    .values(generation=newest.generation)
                )
            return still_mine

        told = "its host has seen a newer order"
        return self._wait(operation, self.database.write(catch_up), context, step, _pause(row), told, str(error))

    def _turn(
        self,
        operation: Operation,
        row: dict[str, Any],
        context: Context,
        step: Step,
        reason: str,
        *,
        overdue: bool = False,
    ) -> dict[str, Any]:
        """Turn round, starting with the failed step itself, which may be half done. `overdue`: mark the resource now, because
        the silent part may stay silent on the way backward."""

        def turn(tx: Transaction) -> dict[str, Any]:
            if overdue:
                operation.failed(context, tx, reason)
            entry = {
                "step": step.name, "started": row["step_since"], "finished": tx.now, "result": "Error", "detail": reason,
            }  # fmt: skip
            return self._change(
                tx, row, state=UNWINDING, fault=reason, data=context.data, history=[*row["history"], entry],
                attempts=0, step_since=tx.now, next_at=tx.now, overdue=overdue,
            )  # fmt: skip

        return self.database.write(turn)


__all__ = ["LEASE_SECONDS", "UNWINDING", "Again", "LeaseLost", "Runner"]
