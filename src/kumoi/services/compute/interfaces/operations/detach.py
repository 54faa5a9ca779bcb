"""Detaches a network card. If the guest does not release it, the server keeps it."""

from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.compute.interfaces.operations.attach import failed, forget_port, unplug
from kumoi.services.compute.servers.models import CHANGEABLE
from kumoi.services.compute.servers.operations import guest
from kumoi.services.network.facade import ports


def put_back(context: Context) -> None:
    """The guest may have released the card later. A suspended or missing guest has not."""
    server_id, port_id = context.arguments["server_id"], context.arguments["port_id"]
    port = context.read(lambda tx: ports.by_ids(tx, [port_id])).get(port_id)
    hypervisor = guest.hypervisor(context)
    if port is not None and port.device_id == server_id and hypervisor.state(server_id) in CHANGEABLE:
        hypervisor.attach_nic(context.fence("server", server_id), server_id, guest.nic(port))


DETACH = Operation(
    "server.detach_interface",
    steps=[
        Step("unplug", do=unplug, undo=put_back, deadline=90, pivot=True),
        Step("release", record=forget_port),
    ],
    failed=failed,
    action="detach_interface",
)
