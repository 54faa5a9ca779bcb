"""Rescues a server: its guest shuts down and starts from another image, with its own disks beside that one's."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Operation, Step
from kumoi.services.compute.server_actions.operations import outcome, stop
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import PowerState, VmState
from kumoi.services.compute.servers.operations import guest


def prepare_image(context: Context) -> Again | None:
    return guest.prepare_base(
        context, guest.host(context), context.arguments["image_id"], context.arguments["image_format"]
    )


def start_again(context: Context) -> None:
    if context.arguments["was"] == VmState.ACTIVE:
        guest.start(context)


def choose_image(context: Context, tx: Transaction) -> None:
    """The guest starts from it from now on."""
    servers_store.update(
        tx, context.arguments["server_id"], rescue_image_id=context.arguments["image_id"],
        rescue_is_last=context.arguments["stable"],
    )  # fmt: skip


def forget_image(context: Context, tx: Transaction) -> None:
    servers_store.update(tx, context.arguments["server_id"], rescue_image_id=None)


def cut_off(context: Context) -> None:
    server_id = context.arguments["server_id"]
    guest.hypervisor(context).power_off(context.fence("server", server_id), server_id)


def finish(context: Context, tx: Transaction) -> None:
    outcome.becomes(VmState.RESCUED, PowerState.RUNNING)(context, tx)
    servers_store.update(tx, context.arguments["server_id"], admin_pass=None, launched_at=tx.now)


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The server is as it was before; why shows in its actions."""
    outcome.stays(context, tx, reason)
    servers_store.update(tx, context.arguments["server_id"], admin_pass=None)


RESCUE = Operation(
    "server.rescue",
    steps=[
        Step("prepare_image", do=prepare_image, deadline=3600, durable=False),
        Step("shut_down", do=stop.shut_down, undo=start_again, deadline=stop.PATIENCE + guest.TURN),
        Step("choose_image", record=choose_image, erase=forget_image),
        Step("start_guest", do=guest.start, record=finish, undo=cut_off, deadline=300),
    ],
    failed=failed,
    action="rescue",
)
