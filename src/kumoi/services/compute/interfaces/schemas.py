"""Shapes of interfaces: docs.openstack.org/api-ref/compute/#port-interfaces-servers-os-interface."""

from typing import Annotated

import msgspec

from kumoi.kernel.versions import since
from kumoi.services.compute.servers.schemas.values import DeviceTag, Uuid
from kumoi.services.network.facade.ports import Port


class FixedIp(msgspec.Struct, forbid_unknown_fields=True):
    ip_address: str


class Asked(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    net_id: Uuid | None = None
    port_id: Uuid | None = None
    fixed_ips: Annotated[list[FixedIp], msgspec.Meta(min_length=1, max_length=1)] | None = None
    tag: Annotated[DeviceTag | None, since("2.49")] = None


class CreateBody(msgspec.Struct, forbid_unknown_fields=True):
    interfaceAttachment: Asked | None = None


class Address(msgspec.Struct):
    subnet_id: str
    ip_address: str


class Interface(msgspec.Struct, kw_only=True):
    port_state: str
    fixed_ips: list[Address]
    port_id: str
    net_id: str
    mac_addr: str
    tag: Annotated[str | None, since("2.70")]


class ShowBody(msgspec.Struct):
    interfaceAttachment: Interface


class ListBody(msgspec.Struct):
    interfaceAttachments: list[Interface]


def shown(port: Port) -> Interface:
    return Interface(
        port_state=port.status, fixed_ips=[Address(subnet, address) for subnet, address, _ in port.fixed_addresses],
        port_id=port.id, net_id=port.network_id, mac_addr=port.mac, tag=port.tag,
    )  # fmt: skip
