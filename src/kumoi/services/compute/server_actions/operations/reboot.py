"""Rebooting: soft (the guest shuts down itself) or hard."""

from kumoi.engines.hypervisor.interface import GuestState
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.compute.server_actions.operations import outcome
from kumoi.services.compute.server_actions.operations.stop import PATIENCE, shut_down
from kumoi.services.compute.servers.models import PowerState, VmState
from kumoi.services.compute.servers.operations import guest


def cut_off(context: Context) -> None:
    server_id = context.arguments["server_id"]
    hypervisor = guest.hypervisor(context)
    if hypervisor.state(server_id) is not GuestState.ABSENT:
        hypervisor.power_off(context.fence("server", server_id), server_id)


_UP = Step(
    "start_guest",
    do=guest.start,
    record=outcome.becomes(VmState.ACTIVE, PowerState.RUNNING),
    deadline=300,
)

REBOOT = Operation(
    "server.reboot",
    steps=[Step("shut_down", do=shut_down, deadline=PATIENCE + guest.TURN), _UP],
    failed=outcome.breaks,
    action="reboot",
)

HARD_REBOOT = Operation(
    "server.hard_reboot",
    steps=[Step("cut_off", do=cut_off, turn=guest.TURN), _UP],
    failed=outcome.breaks,
    action="reboot",
)
