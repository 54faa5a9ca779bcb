"""Shapes of floating IPs: docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips."""

from typing import Annotated, Any

import msgspec

from kumoi.services.network import standard_attributes
from kumoi.services.network.bodies import UNSET, Id, Text, Unset
from kumoi.services.network.floating_ips.models import FloatingIpDetails
from kumoi.services.network.standard_attributes import Standard

Address = Annotated[str, msgspec.Meta(max_length=64)]


class FloatingIpUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    port_id: Id | Unset | None = UNSET
    fixed_ip_address: Address | Unset | None = UNSET
    description: Text | Unset = UNSET


class FloatingIpCreate(FloatingIpUpdate, kw_only=True, forbid_unknown_fields=True):
    floating_network_id: Id
    floating_ip_address: Address | Unset | None = UNSET
    subnet_id: Id | Unset | None = UNSET
    project_id: Text | Unset = UNSET
    tenant_id: Text | Unset = UNSET
    tags: list[Text] | Unset = UNSET


class CreateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    floatingip: FloatingIpCreate | Unset = UNSET
    floatingips: list[FloatingIpCreate] | Unset = UNSET


class UpdateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    floatingip: FloatingIpUpdate


class PortDetails(msgspec.Struct):
    name: str
    network_id: str
    mac_address: str
    admin_state_up: bool
    status: str
    device_id: str
    device_owner: str


class FloatingIp(Standard, kw_only=True):
    floating_ip_address: str
    floating_network_id: str
    router_id: str | None
    port_id: str | None
    fixed_ip_address: str | None
    status: str
    port_details: PortDetails | None


def floating_ip(row: FloatingIpDetails) -> dict[str, Any]:
    port = row["port"]
    details = None
    if port is not None:
        details = {
            name: port[name]
            for name in (
                "name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner",
            )
        }  # fmt: skip
    return {
        "id": row["id"],
        "floating_ip_address": row["floating_ip_address"],
        "floating_network_id": row["floating_network_id"],
        "router_id": row["router_id"],
        "port_id": row["port_id"],
        "fixed_ip_address": row["fixed_ip_address"],
        "status": row["status"],
        "port_details": details,
        **standard_attributes.shown(row, row["tags"]),
    }
