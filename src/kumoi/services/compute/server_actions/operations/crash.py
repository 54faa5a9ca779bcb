"""Sends a guest a non-maskable interrupt."""

from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.compute.server_actions.operations import outcome
from kumoi.services.compute.servers.operations import guest


def interrupt(context: Context) -> None:
    server_id = context.arguments["server_id"]
    guest.hypervisor(context).inject_nmi(context.fence("server", server_id), server_id)


CRASH = Operation(
    "server.crash_dump",
    steps=[Step("interrupt", do=interrupt, turn=guest.TURN)],
    failed=outcome.stays,
    action="trigger_crash_dump",
)
