"""Pausing and unpausing: stops the guest's processors; its memory stays."""

from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.compute.server_actions.operations import outcome
from kumoi.services.compute.servers.models import PowerState, VmState
from kumoi.services.compute.servers.operations import guest


def pause(context: Context) -> None:
    server_id = context.arguments["server_id"]
    guest.hypervisor(context).pause(context.fence("server", server_id), server_id)


def unpause(context: Context) -> None:
    server_id = context.arguments["server_id"]
    guest.hypervisor(context).unpause(context.fence("server", server_id), server_id)


PAUSE = Operation(
    "server.pause",
    steps=[Step("pause", do=pause, record=outcome.becomes(VmState.PAUSED, PowerState.PAUSED), turn=guest.TURN)],
    failed=outcome.stays,
    action="pause",
)

UNPAUSE = Operation(
    "server.unpause",
    steps=[Step("unpause", do=unpause, record=outcome.becomes(VmState.ACTIVE, PowerState.RUNNING), turn=guest.TURN)],
    failed=outcome.stays,
    action="unpause",
)
