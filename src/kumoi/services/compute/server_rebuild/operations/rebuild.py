"""Rebuilds a server: its guest ends with its root disk, and starts with a new one."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Operation, Step
from kumoi.services.compute.server_actions.operations import outcome
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import PowerState, TaskState, VmState
from kumoi.services.compute.servers.operations import guest


def prepare_image(context: Context) -> Again | None:
    if not context.arguments["local"]:
        return None
    return guest.prepare_base(
        context, guest.host(context), context.arguments["image_id"], context.arguments["image_format"]
    )


def put_image_back(context: Context, tx: Transaction) -> None:
    """While the guest has its old disk."""
    if "ended" not in context.data:
        before = {"image_id": context.arguments["image_before"]}
        if "properties_before" in context.arguments:  # not in operations that an earlier version began
            before["image_properties"] = context.arguments["properties_before"]
        servers_store.update(tx, context.arguments["server_id"], **before)


def end_guest(context: Context) -> None:
    server_id = context.arguments["server_id"]
    # Noted first: after an error the disk may be gone.
    context.data["ended"] = True
    guest.hypervisor(context).destroy(context.fence("server", server_id), server_id)


def spawning(context: Context, tx: Transaction) -> None:
    servers_store.update(tx, context.arguments["server_id"], task_state=TaskState.REBUILD_SPAWNING)


def stop_again(context: Context) -> None:
    """A server that was stopped is stopped again."""
    server_id = context.arguments["server_id"]
    if context.arguments["was"] == VmState.STOPPED:
        guest.hypervisor(context).power_off(context.fence("server", server_id), server_id)


def finish(context: Context, tx: Transaction) -> None:
    stopped = context.arguments["was"] == VmState.STOPPED
    state = (VmState.STOPPED, PowerState.SHUTDOWN) if stopped else (VmState.ACTIVE, PowerState.RUNNING)
    outcome.becomes(*state)(context, tx)
    servers_store.update(tx, context.arguments["server_id"], launched_at=tx.now, admin_pass=None, progress=100)


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """With its old guest the server is as it was before. Without, a hard reboot starts it from the new image."""
    if "ended" in context.data:
        outcome.breaks(context, tx, reason)
    else:
        outcome.stays(context, tx, reason)
        servers_store.update(tx, context.arguments["server_id"], progress=100)
    servers_store.update(tx, context.arguments["server_id"], admin_pass=None)


REBUILD = Operation(
    "server.rebuild",
    steps=[
        Step("prepare_image", do=prepare_image, erase=put_image_back, deadline=3600, durable=False),
        Step("end_guest", do=end_guest, record=spawning, deadline=120, turn=guest.TURN),
        Step("start_guest", do=guest.start, deadline=300),
        Step("finish", do=stop_again, record=finish, turn=guest.TURN),
    ],
    failed=failed,
    action="rebuild",
)
