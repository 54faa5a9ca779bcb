"""Which action is allowed in which states, and which operation it starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Conflict, NotBuilt, PolicyForbids
from kumoi.kernel.operations import Operation, subject
from kumoi.kernel.who import Who
from kumoi.services.compute.server_actions.operations.crash import CRASH
from kumoi.services.compute.server_actions.operations.pause import PAUSE, UNPAUSE
from kumoi.services.compute.server_actions.operations.reboot import HARD_REBOOT, REBOOT
from kumoi.services.compute.server_actions.operations.start import START
from kumoi.services.compute.server_actions.operations.stop import STOP
from kumoi.services.compute.server_actions.operations.suspend import RESUME, SUSPEND
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.errors import WrongState
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import PowerState, TaskState, VmState


@dataclass(frozen=True)
class Action:
    operation: Operation
    task_state: TaskState
    vm_states: tuple[VmState, ...]
    """The states in which it may begin."""
    over: tuple[TaskState, ...] = ()
    """The task states that it may interrupt. It supersedes their operation."""


ANY = (VmState.ACTIVE, VmState.STOPPED, VmState.PAUSED, VmState.SUSPENDED, VmState.ERROR)

ACTIONS = {
    "start": Action(START, TaskState.POWERING_ON, (VmState.STOPPED,)),
    "stop": Action(STOP, TaskState.POWERING_OFF, (VmState.ACTIVE, VmState.ERROR)),
    "reboot": Action(REBOOT, TaskState.REBOOTING, (VmState.ACTIVE,)),
    "hard reboot": Action(
        HARD_REBOOT, TaskState.REBOOTING_HARD, ANY,
        over=(TaskState.REBOOTING, TaskState.REBOOTING_HARD, TaskState.PAUSING, TaskState.UNPAUSING,
              TaskState.SUSPENDING, TaskState.RESUMING, TaskState.POWERING_OFF, TaskState.POWERING_ON),
    ),
    "pause": Action(PAUSE, TaskState.PAUSING, (VmState.ACTIVE,)),
    "unpause": Action(UNPAUSE, TaskState.UNPAUSING, (VmState.PAUSED,)),
    "suspend": Action(SUSPEND, TaskState.SUSPENDING, (VmState.ACTIVE,)),
    "resume": Action(RESUME, TaskState.RESUMING, (VmState.SUSPENDED,)),
}  # fmt: skip
"""Action → its definition."""


def act(tx: Transaction, who: Who, server_id: str, name: str, origin: Mapping[str, Any]) -> None:
    action = ACTIONS[name]
    row = changes.ready(tx, who, server_id, name.rpartition(" ")[2], action.vm_states, idle=False)
    if row["host"] is None:
        raise WrongState(server_id, name.rpartition(" ")[2], "vm_state", row["vm_state"])
    if row["task_state"] is None:
        changes.begin(tx, row, action.operation, action.task_state, origin)
        return
    if row["task_state"] not in action.over:
        raise WrongState(server_id, name.rpartition(" ")[2], "task_state", row["task_state"])
    # Earlier attachments in the queue continue. Only the power action that set the task state is superseded.
    actions = {each.operation.kind for each in ACTIONS.values()}
    for pending in operations.pending_on(tx, subject("server", server_id)):
        if pending["kind"] in actions:
            operations.end(tx, pending["id"], operations.SUPERSEDED)
    changes.begin(tx, row, action.operation, action.task_state, origin)


INTERRUPTED = (VmState.ACTIVE, VmState.PAUSED, VmState.RESCUED, VmState.RESIZED, VmState.ERROR)
"""The states in which a server gets a non-maskable interrupt."""


def crash(tx: Transaction, who: Who, server_id: str, origin: Mapping[str, Any]) -> None:
    """Interrupts the guest, so that it dumps its memory if it is set up for that."""
    row = changes.ready(tx, who, server_id, "trigger_crash_dump", INTERRUPTED)
    if row["host"] is None:
        raise WrongState(server_id, "trigger_crash_dump", "vm_state", row["vm_state"])
    changes.begin(tx, row, CRASH, None, origin)


def change_password(tx: Transaction, who: Who, server_id: str) -> None:
    """Guests here have no agent that could do it: the answer is Nova's for such a guest."""
    changes.ready(tx, who, server_id, "changePassword", (VmState.ACTIVE,))
    raise Conflict("QEMU guest agent is not enabled")


def topology(tx: Transaction, who: Who, server_id: str) -> None:
    """ServerNotFound unless the caller may see it."""
    changes.visible(tx, who, server_id)


def lock(tx: Transaction, who: Who, server_id: str, reason: str | None) -> None:
    """If the server is locked, its own project changes neither the owner of the lock nor the reason: otherwise it could
    unlock what an admin locked. An admin of another project takes the lock over."""
    row = changes.own(tx, who, server_id)
    owns = row["project_id"] == who.project_id
    if owns and row["locked_by"]:
        return
    servers_store.update(tx, server_id, locked_by="owner" if owns else "admin", locked_reason=reason)


def unlock(tx: Transaction, who: Who, server_id: str) -> None:
    row = changes.own(tx, who, server_id)
    if row["locked_by"] == "admin" and not who.is_admin:
        raise PolicyForbids("os_compute_api:os-lock-server:unlock:unlock_override")
    servers_store.update(tx, server_id, locked_by=None, locked_reason=None)


def reset(tx: Transaction, who: Who, server_id: str, state: str) -> None:
    """An admin sets the state. The guest is not changed. Busy while the server has an active operation. Not `active`
    while a resize waits, because its kept disk and its room would have no end."""
    row = changes.own(tx, who, server_id)
    kind = operations.active_on(tx, subject("server", server_id))
    if kind:
        raise WrongState(server_id, "os-resetState", "task_state", row["task_state"] or kind)
    if state == "active" and row["host"] is None:
        raise WrongState(server_id, "os-resetState", "vm_state", row["vm_state"])
    if state == "active":
        changes.not_resized(tx, server_id, "os-resetState")
    vm_state = VmState.ACTIVE if state == "active" else VmState.ERROR
    power = PowerState.RUNNING if state == "active" else row["power_state"]
    servers_store.update(tx, server_id, vm_state=vm_state, power_state=power, task_state=None)


def restore(tx: Transaction, who: Who, server_id: str) -> None:
    """Always refused, because deletions are final."""
    row = changes.own(tx, who, server_id)
    raise WrongState(server_id, "restore", "vm_state", row["vm_state"])


def refuse(tx: Transaction, who: Who, server_id: str, name: str) -> None:
    """Refuses an action that Kumoi does not have. An unknown server is still 404."""
    changes.own(tx, who, server_id)
    raise NotBuilt(f"{name} is not built yet; docs/compute.md lists what is.")
