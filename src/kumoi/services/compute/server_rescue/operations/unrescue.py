"""Ends a rescue: the guest starts from its own disk again."""

from kumoi.kernel.operations import Operation, Step
from kumoi.services.compute.server_actions.operations import outcome
from kumoi.services.compute.server_rescue.operations.rescue import choose_image, cut_off, forget_image
from kumoi.services.compute.servers.models import PowerState, VmState
from kumoi.services.compute.servers.operations import guest

UNRESCUE = Operation(
    "server.unrescue",
    steps=[
        Step("cut_off", do=cut_off, undo=guest.start, deadline=300, turn=guest.TURN),
        Step("forget_image", record=forget_image, erase=choose_image),
        Step("start_guest", do=guest.start, record=outcome.becomes(VmState.ACTIVE, PowerState.RUNNING), undo=cut_off,
             deadline=300),
    ],
    failed=outcome.stays,
    action="unrescue",
)  # fmt: skip
