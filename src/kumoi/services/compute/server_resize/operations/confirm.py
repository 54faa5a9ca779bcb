"""Confirms a resize: what the server had before is given back."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.compute.migrations import store as migrations_store
from kumoi.services.compute.migrations.models import Status
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import PowerState, VmState
from kumoi.services.compute.servers.operations import guest
from kumoi.services.placement import facade as placement


def forget_root(context: Context) -> None:
    server_id = context.arguments["server_id"]
    guest.hypervisor(context).forget_root(context.fence("server", server_id), server_id)


def give_back(context: Context, tx: Transaction) -> None:
    server, migration_id = guest.found(context, tx), context.arguments["migration_id"]
    placement.release(tx, migration_id)
    migrations_store.update(tx, migration_id, Status.CONFIRMED)
    runs = server["power_state"] == PowerState.RUNNING
    servers_store.update(
        tx, server["id"], vm_state=VmState.ACTIVE if runs else VmState.STOPPED, task_state=None,
        vcpus=server["flavor"]["vcpus"], memory_mib=server["flavor"]["ram"],
    )  # fmt: skip


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The resize waits to be confirmed again; why shows in the server's actions."""
    migrations_store.update(tx, context.arguments["migration_id"], Status.FINISHED)


CONFIRM = Operation(
    "server.confirm_resize",
    steps=[Step("forget_root", do=forget_root, record=give_back, turn=guest.TURN)],
    failed=failed,
    action="confirmResize",
)
