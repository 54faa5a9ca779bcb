"""Starting a stopped server."""

from kumoi.kernel.operations import Operation, Step
from kumoi.services.compute.server_actions.operations import outcome
from kumoi.services.compute.servers.models import PowerState, VmState
from kumoi.services.compute.servers.operations import guest

START = Operation(
    "server.start",
    steps=[
        Step(
            "start_guest",
            do=guest.start,
            record=outcome.becomes(VmState.ACTIVE, PowerState.RUNNING),
            deadline=300,
        )
    ],
    failed=outcome.breaks,
    action="start",
)
