"""Making a server: room on a host, its disks, its guest, its network, and back when one of them fails."""

from typing import Any

from kumoi.engines.hosts import Hosts
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Failed, Operation, Step
from kumoi.kernel.who import Who
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.models import PowerState, TaskState, VmState
from kumoi.services.compute.servers.operations import guest
from kumoi.services.compute.volume_attachments import store as disks
from kumoi.services.image import facade as images
from kumoi.services.network import facade as networks
from kumoi.services.placement import facade as placement

NO_HOST = "No valid host was found. There are not enough hosts available."


def take_room(context: Context, tx: Transaction) -> None:
    """A host and its claim, the ports bound to it, and the volumes still to be made: one promise."""
    server = _found(context, tx)
    amounts = resources(server, _has_local_root(tx, server["id"]))
    required, forbidden = traits(server["flavor"]["extra_specs"])
    found = placement.candidates(tx, amounts, required, forbidden)
    wanted = _wanted_hosts(tx, server)
    chosen = next((each for each in found if wanted <= {each.name}), None)
    if chosen is None:
        context.data["details"] = _why(tx, amounts, required, forbidden, wanted)
        raise Failed(NO_HOST)
    placement.claim(tx, server["id"], chosen.provider_id, amounts, server["project_id"], server["user_id"])
    networks.bind(tx, server["id"], chosen.name)
    context.data["volumes"] = _make_volumes(context, tx, server, chosen.name)
    store.update(tx, server["id"], host=chosen.name, task_state=TaskState.SPAWNING)


def give_room_back(context: Context, tx: Transaction) -> None:
    """Also what the request itself took: ports and reservations."""
    server_id = context.arguments["server_id"]
    for device in disks.of_server(tx, server_id):
        if device["attachment_id"]:
            block_storage.released(tx, device["attachment_id"])
        if device["volume_id"] in context.data.get("volumes", []):
            block_storage.delete(tx, device["volume_id"], origin(context))
    disks.delete_of_server(tx, server_id)
    networks.release(tx, server_id)
    placement.release(tx, server_id)
    store.update(tx, server_id, host=None)


def prepare_base(context: Context) -> None:
    """The image's bytes on the host, unless they are there."""
    server = guest.of(context)
    image_id = server["image_id"]
    if image_id is None:
        return
    image = context.read(lambda tx: images.by_ids(tx, [image_id])).get(image_id)
    if image is None:
        raise Failed(f"Image {image_id} could not be found.")
    fence = context.fence("server", server["id"])
    context.engine(Hosts).volumes(server["host"]).prepare_base(fence, image_id, image.disk_format or "raw")


def connect_volumes(context: Context) -> Again | None:
    """Wait for the volumes that block storage makes for this server, then connect every one to the host."""
    made = context.data.get("volumes", [])
    if made:
        found = context.read(lambda tx: block_storage.by_ids(tx, made))
        for volume_id in made:
            volume = found.get(volume_id)
            if volume is None or volume.status.startswith("error"):
                raise Failed(
                    f"Build of instance {context.arguments['server_id']} aborted: volume {volume_id} was not made."
                )
            if volume.status in ("creating", "downloading"):
                return Again(min(0.1 * 2 ** min(context.attempts, 5), 2.0))
    server_id = context.arguments["server_id"]
    described = context.read(lambda tx: guest.describe(tx, server_id))
    if described is None:
        raise Failed(f"Instance {server_id} could not be found.")
    guest.connect(context, described.server["host"], described)
    return None


def attach_volumes(context: Context, tx: Transaction) -> None:
    server = _found(context, tx)
    for device in disks.of_server(tx, server["id"]):
        if not device["volume_id"]:
            continue
        attachment_id = device["attachment_id"]
        if attachment_id is None:
            attachment_id = block_storage.reserve(tx, owner(server), device["volume_id"], server["id"])
            disks.update(tx, device["id"], attachment_id=attachment_id)
        block_storage.attached(tx, attachment_id, device["device_name"], server["host"])


def disconnect_volumes(context: Context) -> None:
    server = guest.of(context)
    if server["host"] is None:
        return
    devices = context.read(lambda tx: disks.of_server(tx, server["id"]))
    volumes = context.engine(Hosts).volumes(server["host"])
    for device in devices:
        if device["volume_id"]:
            volumes.disconnect(context.fence("server", server["id"]), device["volume_id"])


def end_guest(context: Context) -> None:
    server = guest.of(context)
    if server["host"] is not None:
        hypervisor = context.engine(Hosts).hypervisor(server["host"])
        hypervisor.destroy(context.fence("server", server["id"]), server["id"])


def network_up(context: Context) -> Again | None:
    server_id = context.arguments["server_id"]

    def ready(tx: Transaction) -> bool:
        return networks.all_up(tx, [port.id for port in networks.of_servers(tx, [server_id]).get(server_id, [])])

    return None if context.read(ready) else Again(min(0.02 * 2 ** min(context.attempts, 5), 0.5))


def activate(context: Context, tx: Transaction) -> None:
    server = _found(context, tx)
    store.update(
        tx, server["id"], vm_state=VmState.ACTIVE, task_state=None, power_state=PowerState.RUNNING, progress=100,
        launched_at=tx.now, admin_pass=None, fault=None,
    )  # fmt: skip


def failed(context: Context, tx: Transaction, reason: str) -> None:
    store.update(
        tx, context.arguments["server_id"], vm_state=VmState.ERROR, task_state=None, admin_pass=None,
        fault={"code": 500, "message": reason, "created": tx.now, "details": context.data.get("details") or reason},
    )  # fmt: skip


CREATE = Operation(
    "server.create",
    steps=[
        Step("take_room", record=take_room, erase=give_room_back, deadline=60),
        Step("prepare_base", do=prepare_base, deadline=1800, durable=False),
        Step("connect_volumes", do=connect_volumes, record=attach_volumes, undo=disconnect_volumes, deadline=1800,
             durable=False),
        Step("start_guest", do=guest.start, undo=end_guest, deadline=300, durable=False),
        Step("network_up", do=network_up, record=activate, deadline=300),
    ],
    failed=failed,
    action="create",
)  # fmt: skip


def resources(server: dict[str, Any], local_root: bool) -> dict[str, int]:
    """What the server takes of a host, by placement's resource classes."""
    flavor = server["flavor"]
    disk = flavor["disk"] if local_root else 0
    return {"VCPU": server["vcpus"], "MEMORY_MB": server["memory_mib"], "DISK_GB": disk}


def traits(extra_specs: dict[str, str]) -> tuple[list[str], list[str]]:
    """Required and forbidden, from a flavor's `trait:NAME=required|forbidden`."""
    named = {key.removeprefix("trait:"): value for key, value in extra_specs.items() if key.startswith("trait:")}
    required = [name for name, value in named.items() if value == "required"]
    return required, [placement.DISABLED, *(name for name, value in named.items() if value == "forbidden")]


def owner(server: dict[str, Any]) -> Who:
    """The server's owner, as far as another service must know who acts."""
    return Who(server["user_id"], project_id=server["project_id"], roles=frozenset({"member", "reader"}))


def origin(context: Context) -> dict[str, Any]:
    return {"request_id": context.request_id, "user_id": context.user_id, "project_id": context.project_id}


def _found(context: Context, tx: Transaction) -> dict[str, Any]:
    server = store.find(tx, context.arguments["server_id"])
    if server is None:
        raise Failed(f"Instance {context.arguments['server_id']} could not be found.")
    return server


def _has_local_root(tx: Transaction, server_id: str) -> bool:
    return any(d["boot_index"] == 0 and d["destination_type"] == "local" for d in disks.of_server(tx, server_id))


def _wanted_hosts(tx: Transaction, server: dict[str, Any]) -> set[str]:
    """Where it has to be: an admin's choice, and where the volumes lie that it is made with."""
    volume_ids = [device["volume_id"] for device in disks.of_server(tx, server["id"]) if device["volume_id"]]
    found = {volume.host for volume in block_storage.by_ids(tx, volume_ids).values() if volume.host}
    return found | {server["wanted_host"]} if server["wanted_host"] else found


def _make_volumes(context: Context, tx: Transaction, server: dict[str, Any], host: str) -> list[str]:
    made = []
    for device in disks.of_server(tx, server["id"]):
        if device["destination_type"] != "volume" or device["volume_id"]:
            continue
        source = {device["source_type"]: device["source_id"]}
        volume = block_storage.create(
            tx, owner(server), origin(context), name="", size_gib=device["size_gib"] or None,
            image_id=source.get("image"), snapshot_id=source.get("snapshot"), volume_type=device["volume_type"],
            host=host,
        )  # fmt: skip
        disks.update(tx, device["id"], volume_id=volume.id)
        made.append(volume.id)
    return made


def _why(tx: Transaction, amounts: dict[str, int], required: list[str], forbidden: list[str], wanted: set[str]) -> str:
    """Each host and what it lacks, for an admin."""
    short = placement.shortfalls(tx, amounts, required, forbidden)
    lines = [f"{each.provider_name}: {'; '.join(each.reasons)}" for each in short]
    if wanted:
        lines.insert(0, f"it has to be on {' and '.join(sorted(wanted))}")
    return "\n".join(lines) or "no host has registered itself yet"
