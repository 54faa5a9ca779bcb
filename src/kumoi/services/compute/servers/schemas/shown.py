"""The representation of a server, with the microversion of each field."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from kumoi.kernel import clock
from kumoi.kernel.versions import since, until
from kumoi.services.compute.block_devices.models import BlockDeviceRow
from kumoi.services.compute.servers.models import PROGRESS_STATUSES, status
from kumoi.services.compute.servers.schemas.create import Link, SecurityGroupName
from kumoi.services.network.facade.ports import Port


class ImageRef(msgspec.Struct):
    id: str
    links: list[Link]
    properties: Annotated[dict[str, str], since("2.98")]
    """As they were when the server was made from the image."""


class FlavorRef(msgspec.Struct):
    """Until 2.46."""

    id: str
    links: list[Link]


class Flavor(msgspec.Struct):
    """Since 2.47: as it was when the server was created."""

    original_name: str
    vcpus: int
    ram: int
    disk: int
    ephemeral: int
    swap: int
    extra_specs: dict[str, str]


class Address(msgspec.Struct):
    version: int
    addr: str
    kind: str = msgspec.field(name="OS-EXT-IPS:type")
    mac: str = msgspec.field(name="OS-EXT-IPS-MAC:mac_addr")


class ChangedAddress(Address):
    """In the replies to updates and rebuilds."""

    kind: Annotated[str, since("2.75")] = msgspec.field(name="OS-EXT-IPS:type")
    mac: Annotated[str, since("2.75")] = msgspec.field(name="OS-EXT-IPS-MAC:mac_addr")


class Volume(msgspec.Struct):
    id: str
    delete_on_termination: Annotated[bool, since("2.3")]


class Fault(msgspec.Struct):
    code: int
    message: str
    created: str
    details: str | UnsetType = UNSET


Text = str | UnsetType | None
Number = int | UnsetType | None


class Server(msgspec.Struct, kw_only=True):
    """UNSET: not for this caller, or not in this state."""

    id: str
    name: str
    status: str
    tenant_id: str
    user_id: str
    metadata: dict[str, str]
    host_id: str = msgspec.field(name="hostId")
    image: ImageRef | str
    flavor: Annotated[Flavor, since("2.47")] | Annotated[FlavorRef, until("2.46")]
    created: str
    updated: str
    addresses: dict[str, list[Address]]
    accessIPv4: str
    accessIPv6: str
    links: list[Link]
    fault: Fault | UnsetType = UNSET
    progress: int | UnsetType = UNSET
    disk_config: str = msgspec.field(name="OS-DCF:diskConfig")
    availability_zone: str | UnsetType = msgspec.field(name="OS-EXT-AZ:availability_zone")
    config_drive: str | UnsetType
    key_name: Text
    launched_at: Text = msgspec.field(name="OS-SRV-USG:launched_at")
    terminated_at: Text = msgspec.field(name="OS-SRV-USG:terminated_at")
    security_groups: list[SecurityGroupName] | UnsetType = UNSET
    task_state: Text = msgspec.field(name="OS-EXT-STS:task_state")
    vm_state: str | UnsetType = msgspec.field(name="OS-EXT-STS:vm_state")
    power_state: int | UnsetType = msgspec.field(name="OS-EXT-STS:power_state")
    volumes: list[Volume] | UnsetType = msgspec.field(name="os-extended-volumes:volumes_attached")
    host: Text = msgspec.field(name="OS-EXT-SRV-ATTR:host", default=UNSET)
    node: Text = msgspec.field(name="OS-EXT-SRV-ATTR:hypervisor_hostname", default=UNSET)
    instance_name: Text = msgspec.field(name="OS-EXT-SRV-ATTR:instance_name", default=UNSET)
    reservation_id: Annotated[Text, since("2.3")] = msgspec.field(name="OS-EXT-SRV-ATTR:reservation_id", default=UNSET)
    launch_index: Annotated[Number, since("2.3")] = msgspec.field(name="OS-EXT-SRV-ATTR:launch_index", default=UNSET)
    hostname: Annotated[Text, since("2.3")] = msgspec.field(name="OS-EXT-SRV-ATTR:hostname", default=UNSET)
    kernel_id: Annotated[Text, since("2.3")] = msgspec.field(name="OS-EXT-SRV-ATTR:kernel_id", default=UNSET)
    ramdisk_id: Annotated[Text, since("2.3")] = msgspec.field(name="OS-EXT-SRV-ATTR:ramdisk_id", default=UNSET)
    root_device_name: Annotated[Text, since("2.3")] = msgspec.field(
        name="OS-EXT-SRV-ATTR:root_device_name", default=UNSET
    )
    user_data: Annotated[Text, since("2.3")] = msgspec.field(name="OS-EXT-SRV-ATTR:user_data", default=UNSET)
    locked: Annotated[bool, since("2.9")]
    host_status: Annotated[str | UnsetType, since("2.16")] = UNSET
    description: Annotated[str | None, since("2.19")]
    tags: Annotated[list[str], since("2.26")]
    trusted_image_certificates: Annotated[None, since("2.63")] = None
    server_groups: Annotated[list[str] | UnsetType, since("2.71")] = UNSET
    locked_reason: Annotated[str | None, since("2.73")]
    pinned_availability_zone: Annotated[Text, since("2.96")]
    scheduler_hints: Annotated[dict[str, Any] | None, since("2.100")]
    """As the client sent them."""


class Changed(Server, kw_only=True):
    """The reply to an update: until 2.74 without the fields of former extensions."""

    addresses: dict[str, list[ChangedAddress]]  # type: ignore[assignment]
    availability_zone: Annotated[str | UnsetType, since("2.75")] = msgspec.field(name="OS-EXT-AZ:availability_zone")
    config_drive: Annotated[str | UnsetType, since("2.75")]
    key_name: Annotated[Text, since("2.75")]
    launched_at: Annotated[Text, since("2.75")] = msgspec.field(name="OS-SRV-USG:launched_at")
    terminated_at: Annotated[Text, since("2.75")] = msgspec.field(name="OS-SRV-USG:terminated_at")
    security_groups: Annotated[list[SecurityGroupName] | UnsetType, since("2.75")] = UNSET
    task_state: Annotated[Text, since("2.75")] = msgspec.field(name="OS-EXT-STS:task_state")
    vm_state: Annotated[str | UnsetType, since("2.75")] = msgspec.field(name="OS-EXT-STS:vm_state")
    power_state: Annotated[int | UnsetType, since("2.75")] = msgspec.field(name="OS-EXT-STS:power_state")
    volumes: Annotated[list[Volume] | UnsetType, since("2.75")] = msgspec.field(
        name="os-extended-volumes:volumes_attached"
    )
    host: Annotated[Text, since("2.75")] = msgspec.field(name="OS-EXT-SRV-ATTR:host", default=UNSET)
    node: Annotated[Text, since("2.75")] = msgspec.field(name="OS-EXT-SRV-ATTR:hypervisor_hostname", default=UNSET)
    instance_name: Annotated[Text, since("2.75")] = msgspec.field(name="OS-EXT-SRV-ATTR:instance_name", default=UNSET)
    reservation_id: Annotated[Text, since("2.75")] = msgspec.field(name="OS-EXT-SRV-ATTR:reservation_id", default=UNSET)
    launch_index: Annotated[Number, since("2.75")] = msgspec.field(name="OS-EXT-SRV-ATTR:launch_index", default=UNSET)
    hostname: Annotated[Text, since("2.75")] = msgspec.field(name="OS-EXT-SRV-ATTR:hostname", default=UNSET)
    kernel_id: Annotated[Text, since("2.75")] = msgspec.field(name="OS-EXT-SRV-ATTR:kernel_id", default=UNSET)
    ramdisk_id: Annotated[Text, since("2.75")] = msgspec.field(name="OS-EXT-SRV-ATTR:ramdisk_id", default=UNSET)
    root_device_name: Annotated[Text, since("2.75")] = msgspec.field(
        name="OS-EXT-SRV-ATTR:root_device_name", default=UNSET
    )
    user_data: Annotated[Text, since("2.75")] = msgspec.field(name="OS-EXT-SRV-ATTR:user_data", default=UNSET)
    host_status: Annotated[str | UnsetType, since("2.75")] = UNSET


class ShowBody(msgspec.Struct):
    server: Server


class ChangedBody(msgspec.Struct):
    server: Changed


class DetailBody(msgspec.Struct):
    servers: list[Server]
    servers_links: list[Link] | UnsetType = UNSET


class Item(msgspec.Struct):
    id: str
    name: str
    links: list[Link]


class ListBody(msgspec.Struct):
    servers: list[Item]
    servers_links: list[Link] | UnsetType = UNSET


@dataclass(frozen=True)
class Related:
    """What is shown of servers besides their rows, read for all servers at once."""

    tags: Mapping[str, list[str]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, list[BlockDeviceRow]] = field(default_factory=dict)
    ports: Mapping[str, list[Port]] = field(default_factory=dict)
    host_status: Mapping[str, str] = field(default_factory=dict)
    """Host → UP, DOWN …"""


@dataclass(frozen=True)
class Viewer:
    """The properties of the caller and of the version on which a reply depends."""

    root: str
    """`http://…/compute`."""
    prefix: str
    """`http://…/compute/v2.1`."""
    admin: bool
    secrets: bool
    """Whether the caller may read secrets of every project."""
    project_id: str | None
    embedded: bool
    """The flavor as it is (2.47) instead of a link to it."""
    hostname: bool
    """The host name for everybody (2.90)."""
    kind: type[Server] = Server


def links(viewer: Viewer, server_id: str) -> list[Link]:
    return [
        Link("self", f"{viewer.prefix}/servers/{server_id}"),
        Link("bookmark", f"{viewer.root}/servers/{server_id}"),
    ]


def item(row: Mapping[str, Any], viewer: Viewer) -> Item:
    return Item(row["id"], row["name"], links(viewer, row["id"]))


@lru_cache(maxsize=4096)
def host_id(project_id: str, host: str) -> str:
    """A pseudonym of the host for tenants: the same for all servers of one project on it."""
    return hashlib.sha224((project_id + host).encode()).hexdigest()


def server(row: Mapping[str, Any], related: Related, viewer: Viewer, *, alone: bool = False) -> Server:
    """`alone`: shown by itself, not in a list."""
    server_id = row["id"]
    shown = status(row["vm_state"], row["task_state"])
    ports = related.ports.get(server_id, ())
    launched, terminated, host = row["launched_at"], row["terminated_at"], row["host"]
    made = viewer.kind(
        id=server_id, name=row["name"], status=shown, tenant_id=row["project_id"], user_id=row["user_id"],
        metadata=row["metadata"], host_id=host_id(row["project_id"], host) if host else "",
        image=_image(row, viewer), flavor=_flavor(row["flavor"], viewer), created=clock.iso(row["created_at"]),
        updated=clock.iso(row["updated_at"]),
        addresses=addresses(ports, ChangedAddress if issubclass(viewer.kind, Changed) else Address),
        accessIPv4=row["access_ip_v4"] or "",
        accessIPv6=row["access_ip_v6"] or "", links=links(viewer, server_id), disk_config=row["disk_config"],
        availability_zone=row["availability_zone"], config_drive="True" if row["config_drive"] else "",
        key_name=row["key_name"], launched_at=None if launched is None else clock.iso_microseconds(launched),
        terminated_at=None if terminated is None else clock.iso_microseconds(terminated),
        task_state=row["task_state"], vm_state=row["vm_state"], power_state=row["power_state"],
        volumes=[
            Volume(device["volume_id"], device["delete_on_termination"])
            for device in related.volumes.get(server_id, ())
            if device["volume_id"]
        ],
        locked=row["locked_by"] is not None, description=row["description"], tags=related.tags.get(server_id, []),
        locked_reason=row["locked_reason"], pinned_availability_zone=row["pinned_availability_zone"],
        scheduler_hints=row["scheduler_hints"] or {},
    )  # fmt: skip
    groups = security_groups(ports)
    if groups:
        made.security_groups = groups
    if shown in PROGRESS_STATUSES:
        made.progress = row["progress"]
    if row["fault"] and shown in ("ERROR", "DELETED"):
        made.fault = _fault(row["fault"], viewer)
    if alone:
        made.server_groups = [related.groups[server_id]] if server_id in related.groups else []
    if viewer.admin:
        made.host = made.node = host
        made.instance_name = instance_name(server_id)
        made.reservation_id, made.launch_index = row["reservation_id"], row["launch_index"]
        made.hostname, made.kernel_id, made.ramdisk_id = row["hostname"], "", ""
        made.root_device_name = row["root_device_name"]
        # It often contains secrets, so only callers who may change the server see it.
        made.user_data = row["user_data"] if viewer.secrets or row["project_id"] == viewer.project_id else None
        made.host_status = related.host_status.get(host, "UNKNOWN") if host else ""
    elif viewer.hostname:
        made.hostname = row["hostname"]
    return made


def instance_name(server_id: str) -> str:
    """The name of the guest on its host."""
    return f"instance-{server_id}"


def addresses(ports: Iterable[Port], kind: type[Address] = Address) -> dict[str, list[Address]]:
    """Network name → fixed and floating addresses on it."""
    found: dict[str, list[Address]] = {}
    for port in ports:
        on = found.setdefault(port.network_name, [])
        for _, address, version in port.fixed_addresses:
            on.append(kind(version, address, "fixed", port.mac))
            on += [kind(4, floating, "floating", port.mac) for floating in port.floating.get(address, ())]
    return found


def security_groups(ports: Iterable[Port]) -> list[SecurityGroupName]:
    names = dict.fromkeys(name for port in ports for _, name in port.security_groups)
    return [SecurityGroupName(name) for name in names]


def _image(row: Mapping[str, Any], viewer: Viewer) -> ImageRef | str:
    image_id = row["image_id"]
    if image_id is None:
        return ""
    return ImageRef(image_id, [Link("bookmark", f"{viewer.root}/images/{image_id}")], row["image_properties"] or {})


def _flavor(flavor: Mapping[str, Any], viewer: Viewer) -> Flavor | FlavorRef:
    if not viewer.embedded:
        flavor_id = flavor["flavorid"]
        return FlavorRef(flavor_id, [Link("bookmark", f"{viewer.root}/flavors/{flavor_id}")])
    return Flavor(
        flavor["name"], flavor["vcpus"], flavor["ram"], flavor["disk"], flavor["ephemeral"], flavor["swap"],
        flavor["extra_specs"],
    )  # fmt: skip


def _fault(fault: Mapping[str, Any], viewer: Viewer) -> Fault:
    shown = Fault(fault["code"], fault["message"], clock.iso(fault["created"]))
    if viewer.admin and fault.get("details"):
        shown.details = fault["details"]
    return shown
