"""Builds the specification of a server's guest for the hypervisor."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import (
    Disk,
    GuestAddress,
    GuestFile,
    GuestMetadata,
    GuestSpec,
    Hypervisor,
    Nic,
    RescueDisk,
    RootDisk,
)
from kumoi.engines.volumes.interface import Source
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Failed
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.block_devices.models import BlockDeviceRow
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.models import ServerRow
from kumoi.services.image import facade as images
from kumoi.services.network.facade import network_data, ports

TURN = 1860.0
"""Seconds that a step waits behind an earlier, abandoned order for the server. More than any order that moves a guest's
bytes may take (host/concerns)."""


@dataclass(frozen=True)
class Described:
    """All rows that describe a guest, read in one transaction."""

    server: Mapping[str, Any]
    devices: list[BlockDeviceRow]
    ports: list[ports.Port]
    network_data: dict[str, Any]


def describe(tx: Transaction, server_id: str) -> Described | None:
    """None if the server is gone."""
    server = store.find(tx, server_id)
    if server is None:
        return None
    cards = ports.of_devices(tx, [server_id]).get(server_id, [])
    return Described(server, block_devices_store.of_server(tx, server_id), cards, network_data.of_ports(tx, cards))


def spec(described: Described, sources: Mapping[str, Source]) -> GuestSpec:
    """`sources`: volume id → what the host opens, for each volume to plug in."""
    server = described.server
    root = None
    # A shelved server comes back from its own image.
    if image_id := server["shelved_image_id"] or server["image_id"]:
        tags = [device["tag"] for device in described.devices if device["destination_type"] == "local"]
        root = RootDisk(image_id, server["flavor"]["disk"], tag=next(iter(tags), None))
    return GuestSpec(
        server_id=server["id"],
        name=server["name"],
        vcpus=server["flavor"]["vcpus"],
        memory_mib=server["flavor"]["ram"],
        root=root,
        disks=[
            Disk(volume_id, sources[volume_id], device["boot_index"], device["tag"])
            for device in described.devices
            if (volume_id := device["volume_id"]) and volume_id in sources
        ],
        nics=[nic(port) for port in described.ports],
        config_drive=server["config_drive"],
        metadata=metadata(described),
        rescue=RescueDisk(rescued, bool(server["rescue_is_last"])) if (rescued := server["rescue_image_id"]) else None,
    )


def nic(port: ports.Port) -> Nic:
    return Nic(port_id=port.id, mac=port.mac, mtu=port.mtu, tag=port.tag)


def metadata(described: Described) -> GuestMetadata:
    server, cards = described.server, described.ports
    root = server["root_device_name"]
    return GuestMetadata(
        server_id=server["id"],
        project_id=server["project_id"],
        name=server["name"],
        hostname=server["hostname"],
        availability_zone=server["availability_zone"],
        launch_index=server["launch_index"],
        public_keys={server["key_name"]: server["public_key"]} if server["public_key"] else {},
        meta=server["metadata"],
        user_data=base64.b64decode(server["user_data"]) if server["user_data"] else None,
        admin_pass=server["admin_pass"],
        files=[GuestFile(file["path"], base64.b64decode(file["contents"])) for file in server["personality"] or []],
        instance_type=server["flavor"]["name"],
        image_id=server["image_id"],
        addresses=[
            GuestAddress(port.network_id, address, next(iter(port.floating.get(address, ())), None))
            for port in cards
            for _, address, _ in port.fixed_addresses
        ],
        network_data=described.network_data,
        block_devices={"ami": root.removeprefix("/dev/"), "root": root},
        security_groups=list(dict.fromkeys(name for port in cards for _, name in port.security_groups)),
        reservation_id=server["reservation_id"],
    )


def of(context: Context) -> ServerRow:
    """The row of the operation's server; Failed if it is gone."""
    server_id = context.arguments["server_id"]
    row = context.read(lambda tx: store.find(tx, server_id))
    if row is None:
        raise Failed(f"Instance {server_id} could not be found.")
    return row


def found(context: Context, tx: Transaction) -> ServerRow:
    """As `of`, in the caller's transaction."""
    server = store.find(tx, context.arguments["server_id"])
    if server is None:
        raise Failed(f"Instance {context.arguments['server_id']} could not be found.")
    return server


def hypervisor(context: Context) -> Hypervisor:
    """The hypervisor of the server's host; Failed if the server has no host."""
    return context.engine(Hosts).hypervisor(host(context))


def host(context: Context) -> str:
    name = of(context)["host"]
    if name is None:
        raise Failed(f"Instance {context.arguments['server_id']} is on no host.")
    return str(name)


def prepare_base(context: Context, name: str, image_id: str, image_format: str) -> Again | None:
    """Bring the image's bytes to the host, as the base of a root disk."""
    if (wait := images.lend(context, image_id)) is not None:
        return wait
    fence = context.fence("server", context.arguments["server_id"])
    context.engine(Hosts).volumes(name).prepare_base(fence, image_id, image_format)
    return None


def connect(context: Context, name: str, devices: Sequence[Mapping[str, Any]]) -> dict[str, Source]:
    """Connect the server's volumes on the host. Returns volume id → what the hypervisor opens."""
    volumes = context.engine(Hosts).volumes(name)
    return {
        volume_id: volumes.connect(context.fence("server", context.arguments["server_id"]), volume_id)
        for volume_id in (device["volume_id"] for device in devices)
        if volume_id
    }


def start(context: Context) -> None:
    """Run the server's guest as its rows describe it now; idempotent."""
    server_id = context.arguments["server_id"]
    described = context.read(lambda tx: describe(tx, server_id))
    if described is None or described.server["host"] is None:
        raise Failed(f"Instance {server_id} is on no host.")
    name = described.server["host"]
    sources = connect(context, name, described.devices)
    context.engine(Hosts).hypervisor(name).start(context.fence("server", server_id), spec(described, sources))
