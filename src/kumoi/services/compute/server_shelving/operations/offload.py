"""Takes a shelved server off its host. Volumes and ports stay the server's."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Operation, Step
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.server_actions.operations import outcome, stop
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import PowerState, VmState
from kumoi.services.compute.servers.operations import guest
from kumoi.services.network.facade import ports
from kumoi.services.placement import facade as placement


def end_guest(context: Context) -> None:
    server_id, name = context.arguments["server_id"], guest.host(context)
    fence, hosts = context.fence("server", server_id), context.engine(Hosts)
    hosts.hypervisor(name).destroy(fence, server_id)
    for device in context.read(lambda tx: block_devices_store.of_server(tx, server_id)):
        if device["volume_id"]:
            hosts.volumes(name).disconnect(fence, device["volume_id"])


def leave(context: Context, tx: Transaction) -> None:
    server = guest.found(context, tx)
    ports.unbind(tx, server["id"])
    placement.release(tx, server["id"])
    servers_store.update(
        tx, server["id"], host=None, vm_state=VmState.SHELVED_OFFLOADED, power_state=PowerState.SHUTDOWN,
        task_state=None, shelved_at=server["shelved_at"] or tx.now,
    )  # fmt: skip


OFFLOAD = Operation(
    "server.shelve_offload",
    steps=[
        Step("shut_down", do=stop.shut_down, deadline=stop.PATIENCE + guest.TURN),
        Step("end_guest", do=end_guest, record=leave, deadline=120, turn=guest.TURN),
    ],
    failed=outcome.stays,
    forward_only=True,
    action="shelveOffload",
)
