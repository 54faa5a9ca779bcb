"""Taking a network card out of a server: the guest is asked to let go, and keeps it when it does not."""

from kumoi.kernel.operations import Operation, Step
from kumoi.services.compute.interfaces.operations.attach import failed, let_go, unplug

DETACH = Operation(
    "server.detach_interface",
    steps=[
        Step("unplug", do=unplug, deadline=90, pivot=True),
        Step("release", record=let_go),
    ],
    failed=failed,
    action="detach_interface",
)
