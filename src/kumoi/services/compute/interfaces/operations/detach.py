"""Taking a network card out of a server: the guest is asked to let go, and keeps it when it does not."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.compute.interfaces.operations.attach import failed, publish, release, unplug


def let_go(context: Context, tx: Transaction) -> None:
    release(context, tx)
    publish(context, tx)


DETACH = Operation(
    "server.detach_interface",
    steps=[
        Step("unplug", do=unplug, deadline=90, pivot=True),
        Step("release", record=let_go),
    ],
    failed=failed,
    action="detach_interface",
)
