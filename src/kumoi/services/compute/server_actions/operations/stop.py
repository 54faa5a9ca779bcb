"""Stops a server: asks the guest to shut down, and ends it after a while."""

from kumoi.engines.hypervisor.interface import GuestState
from kumoi.kernel import clock
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Operation, Step
from kumoi.services.compute.server_actions.operations import outcome
from kumoi.services.compute.servers.models import KEEPS_VM_STATE, PowerState, VmState
from kumoi.services.compute.servers.operations import guest

PATIENCE = 60.0
"""Seconds that a guest has to shut itself down."""
ASK_EVERY = 10
"""Polls of the guest between two presses of its power button. Some guests miss the first press while they boot."""


def shut_down(context: Context) -> Again | None:
    server_id = context.arguments["server_id"]
    hypervisor, fence = guest.hypervisor(context), context.fence("server", server_id)
    state = hypervisor.state(server_id)
    if state in (GuestState.OFF, GuestState.ABSENT):
        return None
    late = clock.now() - context.step_since > PATIENCE * SECOND
    if late or state is not GuestState.RUNNING:
        hypervisor.power_off(fence, server_id)
        return None
    if context.attempts % ASK_EVERY == 0:
        hypervisor.ask_shutdown(fence, server_id)
        if hypervisor.state(server_id) is GuestState.OFF:
            return None
    return Again(1.0)


def stopped(context: Context, tx: Transaction) -> None:
    """A resized server whose guest ended stays resized."""
    server = guest.found(context, tx)
    vm_state = VmState(server["vm_state"])
    outcome.becomes(vm_state if vm_state in KEEPS_VM_STATE else VmState.STOPPED, PowerState.SHUTDOWN)(context, tx)


STOP = Operation(
    "server.stop",
    steps=[
        Step(
            "shut_down",
            do=shut_down,
            record=stopped,
            deadline=PATIENCE + guest.TURN,
        )
    ],
    failed=outcome.stays,
    action="stop",
)
