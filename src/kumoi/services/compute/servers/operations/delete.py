"""Deletes a server from any partial state. Supersedes an active operation."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel import log
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import ApiError
from kumoi.kernel.operations import Context, Operation, Step, release_subject, subject
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.migrations import store as migrations_store
from kumoi.services.compute.migrations.models import Status
from kumoi.services.compute.server_group_rows import store as server_group_rows_store
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.models import PowerState, VmState
from kumoi.services.compute.servers.operations import guest
from kumoi.services.compute.servers.operations.create import origin
from kumoi.services.image.facade import filling
from kumoi.services.network.facade import ports
from kumoi.services.placement import facade as placement


def end_guest(context: Context) -> None:
    """Ends the guest, its root disk and its plugs. Then the host releases the volumes."""
    server_id = context.arguments["server_id"]
    server = context.read(lambda tx: store.find(tx, server_id))
    if server is None or server["host"] is None:
        return
    fence = context.fence("server", server_id)
    hosts = context.engine(Hosts)
    hosts.hypervisor(server["host"]).destroy(fence, server_id)
    devices = context.read(lambda tx: block_devices_store.of_server(tx, server_id))
    for volume_id in [device["volume_id"] for device in devices if device["volume_id"]]:
        hosts.volumes(server["host"]).disconnect(fence, volume_id)


def give_back(context: Context, tx: Transaction) -> None:
    server_id = context.arguments["server_id"]
    for device in block_devices_store.of_server(tx, server_id):
        if device["attachment_id"]:
            block_storage.released(tx, device["attachment_id"])
        if device["volume_id"] and device["delete_on_termination"]:
            release_subject(tx, context.id, subject("volume", device["volume_id"]))
            try:
                block_storage.delete(tx, device["volume_id"], origin(context))
            except ApiError as refused:
                # The volume has snapshots, for example. It stays, and its owner decides.
                log.say(__name__, "a volume stays", volume_id=device["volume_id"], reason=refused.message)
    block_devices_store.delete_of_server(tx, server_id)
    server_group_rows_store.leave(tx, server_id)
    ports.release(tx, server_id)
    placement.release(tx, server_id)
    if (migration := migrations_store.open_of(tx, server_id)) is not None:
        placement.release(tx, migration["uuid"])
        migrations_store.update(tx, migration["uuid"], Status.CONFIRMED)
    server = store.find(tx, server_id)
    if server is not None and server["shelved_image_id"]:
        filling.discard(tx, server["shelved_image_id"], origin(context))
    store.update(
        tx, server_id, vm_state=VmState.DELETED, task_state=None, power_state=PowerState.NOSTATE, host=None,
        admin_pass=None, deleted_at=tx.now, terminated_at=tx.now,
    )  # fmt: skip


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The operation is retried. The owner can read the reason meanwhile."""
    fault = {"code": 500, "message": reason, "created": tx.now, "details": context.details(reason)}
    store.update(tx, context.arguments["server_id"], vm_state=VmState.ERROR, fault=fault)


DELETE = Operation(
    "server.delete",
    steps=[
        Step("end_guest", do=end_guest, deadline=120, turn=guest.TURN, durable=False),
        Step("give_back", record=give_back),
    ],
    failed=failed,
    forward_only=True,
    action="delete",
)
