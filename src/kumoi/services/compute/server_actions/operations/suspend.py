"""Suspending saves the guest's memory to a file, and resuming restores it."""

from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.compute.server_actions.operations import outcome
from kumoi.services.compute.servers.models import PowerState, VmState
from kumoi.services.compute.servers.operations import guest


def suspend(context: Context) -> None:
    server_id = context.arguments["server_id"]
    guest.hypervisor(context).suspend(context.fence("server", server_id), server_id)


SUSPEND = Operation(
    "server.suspend",
    steps=[
        Step("suspend", do=suspend, record=outcome.becomes(VmState.SUSPENDED, PowerState.SHUTDOWN), deadline=600),
    ],
    failed=outcome.stays,
    action="suspend",
)

RESUME = Operation(
    "server.resume",
    steps=[
        Step("resume", do=guest.start, record=outcome.becomes(VmState.ACTIVE, PowerState.RUNNING), deadline=600),
    ],
    failed=outcome.breaks,
    action="resume",
)
