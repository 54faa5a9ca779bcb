"""The body that creates a server, and its reply."""

from typing import Annotated, Any, Literal

import msgspec

from kumoi.kernel.versions import during, since, until
from kumoi.services.compute.servers.schemas.values import (
    Description,
    DeviceTag,
    DottedHostname,
    Metadata,
    Name,
    Tag,
    Uuid,
)

Flag = bool | str | int
Number = int | str


class Network(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    uuid: Uuid | None = None
    port: Uuid | None = None
    fixed_ip: str | None = None
    tag: Annotated[DeviceTag | None, during("2.32", "2.36"), since("2.42")] = None


class LegacyBlockDevice(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    volume_id: Uuid | None = None
    snapshot_id: Uuid | None = None
    volume_size: Number | None = None
    device_name: str | None = None
    delete_on_termination: Flag | None = None
    no_device: Any = None
    virtual_name: str | None = None
    connection_info: Any = None


class BlockDevice(LegacyBlockDevice, kw_only=True, forbid_unknown_fields=True):
    source_type: Literal["volume", "image", "snapshot", "blank"] | None = None
    uuid: str | None = None
    image_id: str | None = None
    destination_type: Literal["volume", "local"] | None = None
    guest_format: str | None = None
    device_type: str | None = None
    disk_bus: str | None = None
    boot_index: Number | None = None
    tag: Annotated[DeviceTag | None, during("2.32", "2.32"), since("2.42")] = None
    volume_type: Annotated[str | None, since("2.67")] = None


class SecurityGroup(msgspec.Struct, forbid_unknown_fields=False, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None


class File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    path: str
    contents: str


class ServerCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    imageRef: str | None = None
    flavorRef: str | int
    adminPass: str | None = None
    metadata: Metadata | None = None
    networks: list[Network] | str | None = None
    disk_config: Literal["AUTO", "MANUAL"] | None = msgspec.field(name="OS-DCF:diskConfig", default=None)
    accessIPv4: str | None = None
    accessIPv6: str | None = None
    personality: Annotated[list[File] | None, until("2.56")] = None
    config_drive: Flag | None = None
    key_name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    user_data: Annotated[str, msgspec.Meta(max_length=65535)] | None = None
    availability_zone: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    block_device_mapping: list[LegacyBlockDevice] | None = None
    block_device_mapping_v2: list[BlockDevice] | None = None
    security_groups: list[SecurityGroup] | None = None
    min_count: Number | None = None
    max_count: Number | None = None
    return_reservation_id: Flag | None = None
    description: Annotated[Description | None, since("2.19")] = None
    tags: Annotated[Annotated[list[Tag], msgspec.Meta(max_length=50)] | None, since("2.52")] = None
    trusted_image_certificates: Annotated[list[str] | None, since("2.63")] = None
    host: Annotated[Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None, since("2.74")] = None
    hypervisor_hostname: Annotated[Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None, since("2.74")] = (
        None
    )
    hostname: Annotated[DottedHostname | None, since("2.90")] = None


class CreateBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    server: ServerCreate
    scheduler_hints: dict[str, Any] | None = msgspec.field(name="os:scheduler_hints", default=None)
    scheduler_hints_by_extension: dict[str, Any] | None = msgspec.field(name="OS-SCH-HNT:scheduler_hints", default=None)


class ServerUpdate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name | msgspec.UnsetType = msgspec.UNSET
    disk_config: Literal["AUTO", "MANUAL"] | msgspec.UnsetType = msgspec.field(
        name="OS-DCF:diskConfig", default=msgspec.UNSET
    )
    accessIPv4: str | msgspec.UnsetType | None = msgspec.UNSET
    accessIPv6: str | msgspec.UnsetType | None = msgspec.UNSET
    description: Annotated[Description | msgspec.UnsetType | None, since("2.19")] = msgspec.UNSET
    hostname: Annotated[DottedHostname | msgspec.UnsetType, since("2.90")] = msgspec.UNSET
    pinned_availability_zone: Annotated[
        Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | msgspec.UnsetType | None, since("2.104")
    ] = msgspec.UNSET


class UpdateBody(msgspec.Struct, forbid_unknown_fields=True):
    server: ServerUpdate


class SecurityGroupName(msgspec.Struct):
    name: str


class Link(msgspec.Struct):
    rel: str
    href: str


class Created(msgspec.Struct, kw_only=True):
    """The reply to a creation. It is short, because little is known yet."""

    id: str
    links: list[Link]
    disk_config: str = msgspec.field(name="OS-DCF:diskConfig")
    security_groups: list[SecurityGroupName]
    adminPass: str


class CreatedBody(msgspec.Struct):
    server: Created


class Answered(msgspec.Struct, kw_only=True):
    """Either the server, or, if requested, the reservation id of all servers of the request."""

    server: Created | msgspec.UnsetType = msgspec.UNSET
    reservation_id: str | msgspec.UnsetType = msgspec.UNSET


class Reservation(msgspec.Struct):
    reservation_id: str
