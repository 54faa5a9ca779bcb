"""Shapes of networks: docs.openstack.org/api-ref/network/v2/#networks."""

from typing import Annotated, Any

import msgspec

from kumoi.services.network import standard_attributes
from kumoi.services.network.bodies import UNSET, Text, Unset
from kumoi.services.network.network_rows.models import OUTER_MTU, NetworkDetails
from kumoi.services.network.standard_attributes import Standard

Mtu = Annotated[int, msgspec.Meta(ge=0, le=9000)]
Segment = Annotated[int, msgspec.Meta(ge=1, le=65535)]
ZONE = "nova"


class NetworkUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Text | Unset = UNSET
    description: Text | Unset = UNSET
    admin_state_up: bool | Unset = UNSET
    shared: bool | Unset = UNSET
    external: bool | Unset = msgspec.field(name="router:external", default=UNSET)
    is_default: bool | Unset = UNSET
    port_security_enabled: bool | Unset = UNSET
    mtu: Mtu | Unset = UNSET
    dns_domain: Text | Unset = UNSET


class NetworkCreate(NetworkUpdate, kw_only=True, forbid_unknown_fields=True):
    project_id: Text | Unset = UNSET
    tenant_id: Text | Unset = UNSET
    tags: list[Text] | Unset = UNSET
    availability_zone_hints: list[Text] | Unset = UNSET
    network_type: Text | Unset | None = msgspec.field(name="provider:network_type", default=UNSET)
    physical_network: Text | Unset | None = msgspec.field(name="provider:physical_network", default=UNSET)
    segmentation_id: Segment | Unset | None = msgspec.field(name="provider:segmentation_id", default=UNSET)


class CreateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    network: NetworkCreate | Unset = UNSET
    networks: list[NetworkCreate] | Unset = UNSET


class UpdateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    network: NetworkUpdate


class Network(Standard, kw_only=True):
    name: str
    status: str
    admin_state_up: bool
    shared: bool
    external: bool = msgspec.field(name="router:external")
    is_default: bool | Unset = UNSET
    port_security_enabled: bool
    mtu: int
    dns_domain: str
    subnets: list[str]
    ipv4_address_scope: None
    ipv6_address_scope: None
    availability_zone_hints: list[str]
    availability_zones: list[str]
    network_type: str | Unset | None = msgspec.field(name="provider:network_type", default=UNSET)
    physical_network: str | Unset | None = msgspec.field(name="provider:physical_network", default=UNSET)
    segmentation_id: int | Unset | None = msgspec.field(name="provider:segmentation_id", default=UNSET)


def network(row: NetworkDetails, *, with_provider: bool) -> dict[str, Any]:
    """`with_provider`: with fields for admins."""
    body = {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "admin_state_up": row["admin_state_up"],
        "shared": row["shared"],
        "router:external": row["external"],
        "is_default": row["is_default"],
        "port_security_enabled": row["port_security_enabled"],
        "mtu": row["mtu"],
        "dns_domain": row["dns_domain"],
        "subnets": row["subnets"],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "availability_zone_hints": row["availability_zone_hints"] or [],
        "availability_zones": [ZONE],
        **standard_attributes.shown(row, row["tags"]),
    }
    if not row["external"]:
        del body["is_default"]
    if with_provider:
        body["provider:network_type"] = row["network_type"]
        body["provider:physical_network"] = row["physical_network"]
        body["provider:segmentation_id"] = row["segmentation_id"]
    return body


def most_mtu(network_type: str) -> int:
    """The largest MTU that fits into the physical network's packets."""
    return OUTER_MTU if network_type in ("flat", "vlan") else OUTER_MTU - 58
