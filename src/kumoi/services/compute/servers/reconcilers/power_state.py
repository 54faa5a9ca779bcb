"""Servers' states follow their guests: one that went off by itself, or died, is shown so."""

from typing import Any

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.kernel import log
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import active_on, subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.logic.changes import publish
from kumoi.services.compute.servers.models import AT_REST, OF_GUEST, VmState

EVERY = 10.0

REASONS = {
    GuestState.FAILED: "The guest's process ended without being told to. A hard reboot starts it again.",
    GuestState.ABSENT: "The guest is no longer on its host. A hard reboot makes it again, on an empty root disk.",
}


def follow(view: View) -> None:
    hosts = view.engine(Hosts)
    for name in hosts.names():
        rows = view.read(lambda tx, name=name: _resting(tx, name))  # type: ignore[misc]
        if not rows:
            continue
        try:
            states = hosts.hypervisor(name).states()
        except Exception as error:
            # A silent host says nothing about its guests.
            log.say(__name__, "a host does not say how its guests are", host=name, reason=str(error))
            continue
        for row in rows:
            found = states.get(row["id"], GuestState.ABSENT)
            if found is not AT_REST[VmState(row["vm_state"])]:
                view.write(lambda tx, row=row, found=found: _settle(tx, row, found))  # type: ignore[misc]


def _resting(tx: Transaction, host: str) -> list[dict[str, Any]]:
    busy = store.at_work(tx)
    return [
        row
        for row in store.on_host(tx, host)
        if row["vm_state"] in AT_REST and row["task_state"] is None and row["id"] not in busy
    ]


def _settle(tx: Transaction, row: dict[str, Any], found: GuestState) -> None:
    """Unless the server has changed since its guest was asked for."""
    current = store.find(tx, row["id"])
    if current is None or current["updated_at"] != row["updated_at"] or active_on(tx, subject("server", row["id"])):
        return
    vm_state, power_state = OF_GUEST[found]
    changes: dict[str, Any] = {"vm_state": vm_state, "power_state": power_state}
    if reason := REASONS.get(found):
        changes["fault"] = {"code": 500, "message": reason, "created": tx.now, "details": reason}
    store.update(tx, row["id"], **changes)
    if found is GuestState.RUNNING:
        # It stood still for the tables: what was not taken from it then may be now.
        publish(tx, current)
    log.say(__name__, "a guest was found otherwise", server_id=row["id"], was=row["vm_state"], found=found.value)


POWER_STATE = Sweep("compute.power_state", EVERY, follow)
