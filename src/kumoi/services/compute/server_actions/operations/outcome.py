"""Writes the result of a power operation to the server's row."""

from collections.abc import Callable

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context
from kumoi.services.compute.migrations import store as migrations_store
from kumoi.services.compute.migrations.models import Status
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import PowerState, VmState

Record = Callable[[Context, Transaction], None]


def becomes(vm_state: VmState, power_state: PowerState) -> Record:
    """Set the server's state and end its task. Also mark its metadata and cards, because changes that the guest could
    not receive in the earlier state may be possible now. A server whose resize waits is RESIZED again, whatever state it
    was in meanwhile; otherwise the resize could be neither confirmed nor reverted."""

    def record(context: Context, tx: Transaction) -> None:
        server_id = context.arguments["server_id"]
        state = VmState.RESIZED if vm_state in _SETTLED and _resize_waits(tx, server_id) else vm_state
        servers_store.update(tx, server_id, vm_state=state, power_state=power_state, task_state=None, fault=None)
        row = servers_store.find(tx, server_id)
        if row is not None:
            changes.publish(tx, row)

    return record


_SETTLED = (VmState.ACTIVE, VmState.STOPPED)


def _resize_waits(tx: Transaction, server_id: str) -> bool:
    migration = migrations_store.open_of(tx, server_id)
    return migration is not None and migration["status"] == Status.FINISHED


def stays(context: Context, tx: Transaction, reason: str) -> None:
    """The guest is as it was before; why shows in the server's actions."""
    servers_store.update(tx, context.arguments["server_id"], task_state=None)


def breaks(context: Context, tx: Transaction, reason: str) -> None:
    """The guest did not reach the requested state."""
    if not context.began:
        stays(context, tx, reason)
        return
    fault = {"code": 500, "message": reason, "created": tx.now, "details": context.details(reason)}
    servers_store.update(tx, context.arguments["server_id"], vm_state=VmState.ERROR, task_state=None, fault=fault)
