"""Updates servers' states from their guests: SHUTOFF after a shutdown by the guest; a server whose guest died is
stopped."""

from typing import Any

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.kernel import events, log, polls
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import active_on, subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.compute.server_actions.operations.stop import STOP
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import KEEPS_VM_STATE, OF_GUEST, ServerRow, TaskState, VmState, at_rest
from kumoi.services.compute.servers.store import PowerOfServer

EVERY = 10.0
WITHIN = 30.0
"""Seconds that a sweep waits for all hosts."""

LOST = "The guest is no longer on its host. A hard reboot creates it again, with a new root disk."
ENDED = "The guest's process ended unexpectedly"


def follow(view: View) -> None:
    hosts = view.engine(Hosts)
    resting = {name: view.read(lambda tx, name=name: _resting(tx, name)) for name in hosts.names()}  # type: ignore[misc]

    def question(name: str) -> dict[str, GuestState]:
        return hosts.hypervisor(name).states() if resting[name] else {}

    for name, states in polls.ask("states", resting, question, WITHIN).items():
        if isinstance(states, Exception):
            # A silent host does not report its guests.
            log.say(__name__, "a host does not say how its guests are", host=name, reason=str(states))
            continue
        for row in resting[name]:
            found = states.get(row["id"], GuestState.ABSENT)
            if found is GuestState.FAILED:
                _stop(view, name, row)
            elif found is not at_rest(row["vm_state"], row["power_state"]):
                why = hosts.hypervisor(name).reason(row["id"]) if found is GuestState.PAUSED else ""
                view.write(lambda tx, row=row, found=found, why=why: _settle(tx, row, found, why))  # type: ignore[misc]


def _resting(tx: Transaction, host: str) -> list[PowerOfServer]:
    busy = servers_store.at_work(tx)
    return [
        row
        for row in servers_store.on_host(tx, host)
        if at_rest(row["vm_state"], row["power_state"]) and row["task_state"] is None and row["id"] not in busy
    ]


def _unchanged(tx: Transaction, row: PowerOfServer) -> ServerRow | None:
    """The server, unless it has changed since the host was asked."""
    current = servers_store.find(tx, row["id"])
    if current is None or current["updated_at"] != row["updated_at"] or active_on(tx, subject("server", row["id"])):
        return None
    return current


def _stop(view: View, host: str, row: PowerOfServer) -> None:
    """Stop a server whose guest died, so that its owner can start it again. The server's actions have the reason."""
    said = view.engine(Hosts).hypervisor(host).reason(row["id"])
    why = f"{ENDED}: {said}." if said else f"{ENDED}."

    def begin(tx: Transaction) -> None:
        current = _unchanged(tx, row)
        if current is not None:
            origin = {
                "request_id": f"req-{tx.new_uuid()}", "user_id": current["user_id"], "project_id": current["project_id"],
            }  # fmt: skip
            changes.begin(tx, current, STOP, TaskState.POWERING_OFF, origin, why=why)
            events.write(tx, "server.guest.died", subject("server", row["id"]), why=why, **origin)

    view.write(begin)


def _settle(tx: Transaction, row: servers_store.PowerOfServer, found: GuestState, why: str) -> None:
    current = _unchanged(tx, row)
    if current is None:
        return
    vm_state, power_state = OF_GUEST[found]
    if found is not GuestState.ABSENT and current["vm_state"] in KEEPS_VM_STATE:
        vm_state = VmState(current["vm_state"])
    values: dict[str, Any] = {"vm_state": vm_state, "power_state": power_state}
    if found is GuestState.ABSENT:
        values["fault"] = {"code": 500, "message": LOST, "created": tx.now, "details": LOST}
    servers_store.update(tx, row["id"], **values)
    if found is GuestState.RUNNING:
        # The server was paused according to the tables, so cards may still have to be unplugged.
        changes.publish(tx, current)
    # Without the host, because members of the project read it.
    events.write(
        tx, "server.state.mended", subject("server", row["id"]), project_id=current["project_id"],
        was=row["vm_state"], now=str(vm_state), problem=f"its guest was {found}{why and f': {why}'}",
    )  # fmt: skip


POWER_STATE = Sweep("compute.power_state", EVERY, follow)
