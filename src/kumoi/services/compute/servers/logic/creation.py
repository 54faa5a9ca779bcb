"""Checks the creation of servers; writes the rows, ports, reservations and operation of one request."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumoi.engines.hypervisor.interface import MOST_CARDS
from kumoi.kernel import operations, quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Forbidden, NotFound, OverQuota, PolicyForbids, translated
from kumoi.kernel.operations import subject
from kumoi.kernel.who import Who
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute import words
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.flavors import logic as flavors
from kumoi.services.compute.flavors.models import FlavorCopy, FlavorDetails
from kumoi.services.compute.hosts import store as hosts_store
from kumoi.services.compute.hosts.errors import HostNotFound
from kumoi.services.compute.keypairs import store as keypairs_store
from kumoi.services.compute.server_group_rows import store as server_group_rows_store
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.logic import block_devices, files
from kumoi.services.compute.servers.models import PORTS_OWNER, PowerState, TaskState, VmState
from kumoi.services.compute.servers.operations.create import CREATE
from kumoi.services.compute.servers.scheduling import hints as hints_of_request
from kumoi.services.compute.servers.schemas import values
from kumoi.services.compute.servers.schemas.create import Network, ServerCreate
from kumoi.services.image.facade import Image
from kumoi.services.network.facade import ports

AVAILABILITY_ZONE = "nova"
METADATA_ITEMS = 128
GIB = 1 << 30


@dataclass(frozen=True)
class Made:
    """The data of the reply. `ids` in launch order."""

    ids: list[str]
    reservation_id: str
    admin_pass: str
    security_groups: list[str]
    disk_config: str


def create(
    tx: Transaction, who: Who, asked: ServerCreate, hints: Mapping[str, Any], origin: Mapping[str, Any], *,
    networks_required: bool,
) -> Made:  # fmt: skip
    """One transaction: checks the request, takes quota, ports and volumes, and starts the operation."""
    if who.project_id is None:
        raise BadRequest("Servers belong to a project: use a token with a project's scope.")
    project_id = who.project_id
    _refuse_absent(asked)
    wished = hints_of_request.read(hints)
    if "query" in wished.kept and not who.is_admin:
        # It reads facts that only admins see, and can force a host.
        raise PolicyForbids("os:scheduler_hints.query")
    name = values.name(asked.name)
    least, most = _counts(asked)
    flavor = usable_flavor(tx, who, str(asked.flavorRef))
    image = block_devices.startable(tx, who, asked.imageRef) if asked.imageRef else None
    if image is None and not asked.block_device_mapping and not asked.block_device_mapping_v2:
        raise BadRequest("Invalid imageRef provided.")
    devices = block_devices.resolve(tx, who, asked.block_device_mapping, asked.block_device_mapping_v2, image)
    root = block_devices.root(devices)
    check_fits(who, flavor, image, local=root.destination_type == "local")
    _check_many(asked, devices, most)
    zone, wanted_host = _zone(tx, who, asked)
    plan = _plan(tx, who, asked, networks_required)
    groups = list(dict.fromkeys(group.name for group in asked.security_groups or [] if group.name))
    public_key = find_public_key(tx, who.user_id, asked.key_name)
    metadata = check_metadata(tx, project_id, asked.metadata or {})
    personality = files.checked(tx, project_id, asked.personality)
    count = _take(tx, project_id, flavor, least, most)
    _check_group(tx, project_id, wished.group, count)
    reservation_id = f"r-{tx.new_hex()[:8]}"
    admin_pass = asked.adminPass or tx.new_hex()[:12]
    shared = {
        "project_id": project_id, "user_id": who.user_id, "description": asked.description,
        "vm_state": VmState.BUILDING, "task_state": TaskState.SCHEDULING, "power_state": PowerState.NOSTATE,
        "progress": 0, "locked_by": None, "locked_reason": None, "host": None,
        "availability_zone": zone or AVAILABILITY_ZONE, "pinned_availability_zone": zone, "wanted_host": wanted_host,
        "scheduler_hints": dict(hints) or None,
        "image_id": image.id if image and root.destination_type == "local" else None,
        "image_properties": image.properties if image and root.destination_type == "local" else None,
        "flavor_id": flavor["flavorid"], "flavor": copy_of(flavor), "vcpus": flavor["vcpus"],
        "memory_mib": flavor["ram"], "key_name": asked.key_name, "public_key": public_key,
        "user_data": checked_user_data(asked.user_data), "personality": personality,
        "admin_pass": admin_pass,
        "config_drive": values.flag(asked.config_drive, "config_drive"), "disk_config": asked.disk_config or "MANUAL",
        "metadata": metadata, "access_ip_v4": values.address(asked.accessIPv4, "accessIPv4", 4),
        "access_ip_v6": values.address(asked.accessIPv6, "accessIPv6", 6), "reservation_id": reservation_id,
        "root_device_name": block_devices.device_name(0), "fault": None,
    }  # fmt: skip
    image_format = (image.disk_format or "raw") if image else None
    ids = []
    for index in range(count):
        server_id = tx.new_uuid()
        ids.append(server_id)
        called = f"{name}-{index + 1}" if most > 1 else name
        wanted = asked.hostname or name
        hostname = f"{wanted}-{index + 1}" if most > 1 else wanted
        store.insert(
            tx, id=server_id, name=called, launch_index=index,
            hostname=hostname if asked.hostname else hostname_of(hostname, server_id), **shared,
        )  # fmt: skip
        if asked.tags:
            store.replace_tags(tx, server_id, asked.tags)
        if wished.group:
            server_group_rows_store.join(tx, wished.group, server_id)
        _ports(tx, who, server_id, plan, groups)
        _disks(tx, who, server_id, devices)
        arguments = {"server_id": server_id, "image_id": shared["image_id"], "image_format": image_format}
        operations.begin(tx, CREATE, [subject("server", server_id)], arguments, **origin)
    return Made(ids, reservation_id, admin_pass, groups or ["default"], str(shared["disk_config"]))


def hostname_of(name: str, server_id: str) -> str:
    """A host name from a server's name, without characters other than letters, digits, dots and dashes."""
    text = re.sub(r"[ _]", "-", name)
    text = re.sub(r"[^\w.-]+", "", text, flags=re.ASCII).lower().strip(".-")
    return text[:63].rstrip(".-") or f"server-{server_id}"


def check_metadata(tx: Transaction, project_id: str, metadata: dict[str, str]) -> dict[str, str]:
    most = METADATA_ITEMS
    if ("compute", "metadata_items") in quotas.registry:
        most = quotas.limit(tx, "compute", "metadata_items", project_id)
    if most != quotas.UNLIMITED and len(metadata) > most:
        raise Forbidden(f"Maximum number of metadata items exceeds {most}")
    return metadata


def _refuse_absent(asked: ServerCreate) -> None:
    if asked.trusted_image_certificates:
        raise BadRequest("trusted_image_certificates: signatures of images are not checked here.")


def _check_group(tx: Transaction, project_id: str, group_id: str | None, count: int) -> None:
    """Whether the project has the group, and the group has room for `count` more servers."""
    if group_id is None:
        return
    row = server_group_rows_store.find(tx, group_id)
    if row is None or row["project_id"] != project_id:
        raise BadRequest(f"os:scheduler_hints.group: Instance group {group_id} could not be found.")
    resource = server_group_rows_store.SERVER_GROUP_MEMBERS.resource
    most = quotas.limit(tx, "compute", resource, project_id)
    there = len(server_group_rows_store.members_of(tx, [group_id]).get(group_id, ()))
    if most != quotas.UNLIMITED and there + count > most:
        raise OverQuota(resource, most, there, count)


def _counts(asked: ServerCreate) -> tuple[int, int]:
    least = values.whole(asked.min_count, "min_count", least=1) if asked.min_count is not None else 1
    most = values.whole(asked.max_count, "max_count", least=1) if asked.max_count is not None else least
    if least > most:
        raise BadRequest("min_count must be <= max_count")
    return least, most


def usable_flavor(tx: Transaction, who: Who, flavor_id: str) -> FlavorDetails:
    try:
        flavor = flavors.visible(tx, who, flavor_id)
    except NotFound as error:
        raise BadRequest(error.message) from None
    if flavor["ephemeral"] or flavor["swap"]:
        raise BadRequest(
            f"flavorRef: flavor {flavor_id} has an ephemeral or swap disk, which servers here cannot have."
        )
    return flavor


def copy_of(flavor: FlavorDetails) -> FlavorCopy:
    return FlavorCopy(
        id=flavor["id"], flavorid=flavor["flavorid"], name=flavor["name"], vcpus=flavor["vcpus"], ram=flavor["ram"],
        disk=flavor["disk"], ephemeral=flavor["ephemeral"], swap=flavor["swap"], extra_specs=flavor["extra_specs"],
    )  # fmt: skip


def check_fits(who: Who, flavor: Mapping[str, Any], image: Image | None, *, local: bool) -> None:
    if image is not None and image.min_ram > flavor["ram"]:
        raise BadRequest("Flavor's memory is too small for requested image.")
    if not local or image is None:
        return
    if flavor["disk"] == 0:
        if not who.is_admin:
            raise Forbidden("Only volume-backed servers are allowed for flavors with zero disk.")
        return
    size = image.virtual_size or image.size or 0
    if size > flavor["disk"] * GIB:
        raise BadRequest(
            f"Flavor's disk is too small for requested image. Flavor disk is {flavor['disk'] * GIB} bytes, image is"
            f" {size} bytes."
        )
    if image.min_disk > flavor["disk"]:
        raise BadRequest(
            "Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is"
            f" {flavor['disk'] * GIB} bytes, minimum size is {image.min_disk * GIB} bytes."
        )


def _check_many(asked: ServerCreate, devices: Sequence[block_devices.Device], most: int) -> None:
    if most == 1:
        return
    if any(device.source_type == "volume" for device in devices):
        raise BadRequest("Cannot attach one or more volumes to multiple instances")
    for network in asked.networks if isinstance(asked.networks, list) else []:
        if network.port:
            raise BadRequest(
                "Unable to launch multiple instances with a single configured port ID. Please launch your instance one"
                " by one with different ports."
            )
        if network.fixed_ip:
            raise BadRequest("max_count cannot be greater than 1 if an fixed_ip is specified.")


def _zone(tx: Transaction, who: Who, asked: ServerCreate) -> tuple[str | None, str | None]:
    """The requested availability zone, and the host that an admin chose."""
    zone, _, rest = (asked.availability_zone or "").partition(":")
    host = rest.partition(":")[0] or rest.partition(":")[2] or None
    if host and not who.is_admin:
        raise PolicyForbids("os_compute_api:servers:create:forced_host")
    chosen = asked.host or asked.hypervisor_hostname
    if chosen and not who.is_admin:
        raise PolicyForbids("compute:servers:create:requested_destination")
    if asked.host and asked.hypervisor_hostname and asked.host != asked.hypervisor_hostname:
        raise BadRequest(f"No compute node of host {asked.host} is called {asked.hypervisor_hostname}.")
    if chosen and hosts_store.find_by_name(tx, chosen) is None:
        raise BadRequest(HostNotFound(chosen).message)
    if zone and zone not in {row["availability_zone"] for row in hosts_store.every(tx)} | {AVAILABILITY_ZONE}:
        raise BadRequest("The requested availability zone is not available")
    return zone or None, host or chosen


def _plan(tx: Transaction, who: Who, asked: ServerCreate, required: bool) -> list[ports.Wanted]:
    if asked.networks is None and required:
        raise BadRequest(
            "Invalid input for field/attribute server. 'networks' is a required property: a list, auto or none."
        )
    if isinstance(asked.networks, str):
        if not required or asked.networks not in ("auto", "none"):
            raise BadRequest(f"Invalid input for field/attribute networks. Value: {asked.networks[:80]}.")
        with translated(words.OF_PORTS):
            return ports.plan(tx, who, "none" if asked.networks == "none" else "auto")
    if not asked.networks:
        with translated(words.OF_PORTS):
            return ports.plan(tx, who, None)
    if len(asked.networks) > MOST_CARDS:
        raise BadRequest(
            f"networks: a server has at most {MOST_CARDS} network cards; {len(asked.networks)} were given."
        )
    return [_wanted(network) for network in asked.networks]


def _wanted(network: Network) -> ports.Wanted:
    if network.port and network.fixed_ip:
        raise BadRequest(
            f"Specified Fixed IP '{network.fixed_ip[:50]}' cannot be used with port '{network.port}': the two cannot be"
            " specified together."
        )
    if not network.port and not network.uuid:
        raise BadRequest("Bad networks format: network uuid is not in proper format (None)")
    return ports.Wanted(
        network_id=None if network.port else network.uuid, port_id=network.port, fixed_ip=network.fixed_ip or None,
        tag=network.tag,
    )  # fmt: skip


def _ports(tx: Transaction, who: Who, server_id: str, plan: list[ports.Wanted], groups: list[str]) -> None:
    with translated(words.OF_PORTS):
        ports.create(tx, who, server_id, plan, groups, owner=PORTS_OWNER)


def _disks(tx: Transaction, who: Who, server_id: str, devices: Sequence[block_devices.Device]) -> None:
    rows = []
    for position, device in enumerate(devices):
        row = device.row(tx.new_uuid(), server_id, position)
        if device.source_type == "volume" and device.source_id:
            row["attachment_id"] = block_storage.reserve(tx, who, device.source_id, server_id)
        rows.append(row)
    block_devices_store.insert_many(tx, rows)


def find_public_key(tx: Transaction, user_id: str, key_name: str | None) -> str | None:
    if key_name is None:
        return None
    keypair = keypairs_store.rows.find(tx, user_id, key_name)
    if keypair is None:
        raise BadRequest("Invalid key_name provided.")
    # A certificate opens no ssh.
    return str(keypair["public_key"]) if keypair["type"] == "ssh" else None


def checked_user_data(text: str | None) -> str | None:
    if not text:
        return None
    try:
        # Whitespace is common. It must be ASCII, because later decoders know no other.
        base64.b64decode("".join(text.split()) if text.isascii() else text, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("Invalid input for field/attribute user_data: User data needs to be valid base 64.") from None
    return text


def _take(tx: Transaction, project_id: str, flavor: Mapping[str, Any], least: int, most: int) -> int:
    """As many servers as the quota has room for, from `least` to `most`; OverQuota when not even `least`."""
    count = most
    while True:
        amounts = {"instances": count, "cores": count * flavor["vcpus"], "ram": count * flavor["ram"]}
        try:
            quotas.take(tx, "compute", project_id, amounts)
        except OverQuota as short:
            each = short.requested // count
            fitting = max(0, short.limit - short.used) // each
            if fitting < least:
                raise
            count = min(fitting, count - 1)
        else:
            return count
