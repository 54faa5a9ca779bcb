"""Creates a server: resources on a host, disks, guest and network; undoes them if a step fails."""

from typing import Any

from kumoi.engines.hosts import Hosts
from kumoi.kernel import log
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import ApiError
from kumoi.kernel.operations import DETAILS, Again, Context, Failed, Operation, Retry, Step
from kumoi.kernel.who import Who
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.block_devices.models import BlockDeviceRow
from kumoi.services.compute.flavors.models import FlavorCopy
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.models import PowerState, ServerRow, TaskState, VmState
from kumoi.services.compute.servers.operations import guest
from kumoi.services.compute.servers.scheduling import choice
from kumoi.services.compute.servers.scheduling.choice import Nowhere
from kumoi.services.network.facade import ports
from kumoi.services.placement import facade as placement

NETWORK_LOOKS = (0.03, 0.03, 0.05, 0.1, 0.3, 1.0)
"""Seconds between two checks of the network. The last value repeats."""
NO_HOST = "No valid host was found. There are not enough hosts available."


def take_room(context: Context, tx: Transaction) -> None:
    """In one transaction: the host and its claim, the ports' bindings, and the new volumes."""
    server = guest.found(context, tx)
    devices = block_devices_store.of_server(tx, server["id"])
    amounts = resources(server, devices)
    chosen = choice.choose(tx, server, devices, amounts, server["flavor"]["extra_specs"])
    if isinstance(chosen, Nowhere):
        if chosen.no_hosts_yet:
            # In a new cloud, hosts may not be registered yet.
            raise Retry("no host has registered itself yet")
        context.data[DETAILS] = chosen.details
        raise Failed(" ".join([NO_HOST, *chosen.told]))
    placement.claim(
        tx, server["id"], chosen.provider_id, amounts, server["project_id"], server["user_id"], consumer_type="INSTANCE"
    )  # fmt: skip
    context.data["volumes"] = _make_volumes(context, tx, server, devices, chosen.name)
    context.data["host"] = chosen.name
    context.data["ports"] = ports.bind(tx, server["id"], chosen.name)
    context.data["with_volumes"] = any(device["destination_type"] == "volume" for device in devices)
    store.update(
        tx, server["id"], host=chosen.name, availability_zone=chosen.zone, task_state=TaskState.SPAWNING
    )  # fmt: skip


def give_room_back(context: Context, tx: Transaction) -> None:
    """Also releases what the request took: ports and reservations."""
    server_id = context.arguments["server_id"]
    for device in block_devices_store.of_server(tx, server_id):
        if device["attachment_id"]:
            block_storage.released(tx, device["attachment_id"])
        if device["volume_id"] and device["volume_id"] in context.data.get("volumes", []):
            try:
                block_storage.delete(tx, device["volume_id"], origin(context))
            except ApiError as kept:
                log.say(__name__, "a volume made for the server stays", volume=device["volume_id"], reason=str(kept))
    block_devices_store.delete_of_server(tx, server_id)
    ports.release(tx, server_id)
    placement.release(tx, server_id)
    store.update(tx, server_id, host=None)


def prepare_disks(context: Context) -> Again | None:
    """Prepare the image's base on the host, wait for the volumes that block storage creates for this server, then
    connect all volumes to the host."""
    image_id = context.arguments["image_id"]
    if image_id is not None:
        wait = guest.prepare_base(context, context.data["host"], image_id, context.arguments["image_format"])
        if wait is not None:
            return wait
    if not context.data["with_volumes"]:
        return None
    server_id, made = context.arguments["server_id"], context.data["volumes"]
    found = context.read(lambda tx: block_storage.by_ids(tx, made)) if made else {}
    for volume_id in made:
        volume = found.get(volume_id)
        if volume is None or volume.status.startswith("error"):
            raise Failed(f"Build of instance {server_id} aborted: volume {volume_id} was not made.")
        if volume.status in ("creating", "downloading"):
            return Again(min(0.1 * 2 ** min(context.attempts, 5), 2.0))
    guest.connect(context, context.data["host"], context.read(lambda tx: block_devices_store.of_server(tx, server_id)))
    return None


def attach_volumes(context: Context, tx: Transaction) -> None:
    if not context.data["with_volumes"]:
        return
    server = guest.found(context, tx)
    for device in block_devices_store.of_server(tx, server["id"]):
        if not device["volume_id"]:
            continue
        attachment_id = device["attachment_id"]
        if attachment_id is None:
            attachment_id = block_storage.reserve(tx, owner(server), device["volume_id"], server["id"])
            block_devices_store.update(tx, device["id"], attachment_id=attachment_id)
        block_storage.attached(tx, attachment_id, device["device_name"], server["host"])


def disconnect_volumes(context: Context) -> None:
    if not context.data["with_volumes"]:
        return
    server_id = context.arguments["server_id"]
    volumes = context.engine(Hosts).volumes(context.data["host"])
    for device in context.read(lambda tx: block_devices_store.of_server(tx, server_id)):
        if device["volume_id"]:
            volumes.disconnect(context.fence("server", server_id), device["volume_id"])


def end_guest(context: Context) -> None:
    server_id = context.arguments["server_id"]
    hypervisor = context.engine(Hosts).hypervisor(context.data["host"])
    hypervisor.destroy(context.fence("server", server_id), server_id)


def network_up(context: Context) -> Again | None:
    up = context.read(lambda tx: ports.all_up(tx, context.data["ports"]))
    return None if up else Again(NETWORK_LOOKS[min(context.attempts, len(NETWORK_LOOKS) - 1)])


def activate(context: Context, tx: Transaction) -> None:
    store.update(
        tx, context.arguments["server_id"], vm_state=VmState.ACTIVE, task_state=None, power_state=PowerState.RUNNING,
        progress=100, launched_at=tx.now, admin_pass=None, fault=None,
    )  # fmt: skip


def failed(context: Context, tx: Transaction, reason: str) -> None:
    store.update(
        tx, context.arguments["server_id"], vm_state=VmState.ERROR, task_state=None, admin_pass=None,
        fault={"code": 500, "message": reason, "created": tx.now, "details": context.details(reason)},
    )  # fmt: skip


CREATE = Operation(
    "server.create",
    steps=[
        Step("take_room", record=take_room, erase=give_room_back, deadline=60),
        Step("prepare_disks", do=prepare_disks, record=attach_volumes, undo=disconnect_volumes, deadline=3600,
             durable=False),
        Step("start_guest", do=guest.start, undo=end_guest, deadline=300, durable=False),
        Step("network_up", do=network_up, record=activate, deadline=300),
    ],
    failed=failed,
    action="create",
)  # fmt: skip


def resources(server: ServerRow | store.LiveServer, devices: list[BlockDeviceRow]) -> dict[str, int]:
    """The server's resources on its host, by placement's resource classes."""
    return amounts(server["flavor"], local=boots_from_image(devices))


def amounts(flavor: FlavorCopy, *, local: bool) -> dict[str, int]:
    """`local`: the root disk is on the host, not a volume."""
    return {"VCPU": flavor["vcpus"], "MEMORY_MB": flavor["ram"], "DISK_GB": flavor["disk"] if local else 0}


def boots_from_image(devices: list[BlockDeviceRow]) -> bool:
    """Whether the root disk is on the host, not a volume."""
    return any(device["boot_index"] == 0 and device["destination_type"] == "local" for device in devices)


def owner(server: ServerRow) -> Who:
    """The server's owner, for calls of other services."""
    return Who(server["user_id"], project_id=server["project_id"], roles=frozenset({"member", "reader"}))


def origin(context: Context) -> dict[str, Any]:
    return {"request_id": context.request_id, "user_id": context.user_id, "project_id": context.project_id}


def _make_volumes(
    context: Context, tx: Transaction, server: ServerRow, devices: list[BlockDeviceRow], host: str
) -> list[str]:
    made = []
    for device in devices:
        if device["destination_type"] != "volume" or device["volume_id"]:
            continue
        source = {device["source_type"]: device["source_id"]}
        volume = block_storage.create(
            tx, owner(server), origin(context), name="", size_gib=device["size_gib"] or None,
            image_id=source.get("image"), snapshot_id=source.get("snapshot"), volume_type=device["volume_type"],
            host=host,
        )  # fmt: skip
        block_devices_store.update(tx, device["id"], volume_id=volume.id)
        made.append(volume.id)
    return made
