"""Shapes of subnets: docs.openstack.org/api-ref/network/v2/#subnets."""

from typing import Annotated, Any, Literal

import msgspec

from kumoi.services.network import standard_attributes
from kumoi.services.network.bodies import UNSET, Id, Text, Unset
from kumoi.services.network.standard_attributes import Standard
from kumoi.services.network.subnet_rows.models import SubnetDetails

Address = Annotated[str, msgspec.Meta(max_length=64)]
Mode = Literal["slaac", "dhcpv6-stateful", "dhcpv6-stateless"]
Most = msgspec.Meta(max_length=100)


class Pool(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    start: Address
    end: Address


class HostRoute(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    destination: Address
    nexthop: Address


class SubnetUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Text | Unset = UNSET
    description: Text | Unset = UNSET
    gateway_ip: Address | Unset | None = UNSET
    allocation_pools: Annotated[list[Pool], Most] | Unset | None = UNSET
    dns_nameservers: Annotated[list[Address], Most] | Unset | None = UNSET
    host_routes: Annotated[list[HostRoute], Most] | Unset | None = UNSET
    enable_dhcp: bool | Unset = UNSET
    service_types: Annotated[list[Text], Most] | Unset | None = UNSET
    dns_publish_fixed_ip: bool | Unset = UNSET


class SubnetCreate(SubnetUpdate, kw_only=True, forbid_unknown_fields=True):
    network_id: Id
    ip_version: Literal[4, 6, "4", "6"]
    cidr: Address | Unset | None = UNSET
    prefixlen: Annotated[int, msgspec.Meta(ge=0, le=128)] | Unset | None = UNSET
    subnetpool_id: Id | Unset | None = UNSET
    use_default_subnetpool: bool | Unset = UNSET
    ipv6_ra_mode: Mode | Unset | None = UNSET
    ipv6_address_mode: Mode | Unset | None = UNSET
    project_id: Text | Unset = UNSET
    tenant_id: Text | Unset = UNSET
    tags: list[Text] | Unset = UNSET


class CreateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    subnet: SubnetCreate | Unset = UNSET
    subnets: list[SubnetCreate] | Unset = UNSET


class UpdateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    subnet: SubnetUpdate


class ShownPool(msgspec.Struct):
    start: str
    end: str


class ShownRoute(msgspec.Struct):
    destination: str
    nexthop: str


class Subnet(Standard, kw_only=True):
    name: str
    network_id: str
    ip_version: int
    cidr: str
    gateway_ip: str | None
    allocation_pools: list[ShownPool]
    dns_nameservers: list[str]
    host_routes: list[ShownRoute]
    enable_dhcp: bool
    ipv6_ra_mode: str | None
    ipv6_address_mode: str | None
    subnetpool_id: str | None
    service_types: list[str]
    dns_publish_fixed_ip: bool
    shared: bool
    external: bool = msgspec.field(name="router:external")


def subnet(row: SubnetDetails) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "network_id": row["network_id"],
        "ip_version": row["ip_version"],
        "cidr": row["cidr"],
        "gateway_ip": row["gateway_ip"],
        "allocation_pools": row["allocation_pools"],
        "dns_nameservers": row["dns_nameservers"] or [],
        "host_routes": row["host_routes"] or [],
        "enable_dhcp": row["enable_dhcp"],
        "ipv6_ra_mode": row["ipv6_ra_mode"],
        "ipv6_address_mode": row["ipv6_address_mode"],
        "subnetpool_id": row["subnetpool_id"],
        "service_types": row["service_types"] or [],
        "dns_publish_fixed_ip": row["dns_publish_fixed_ip"],
        "shared": row["shared"],
        "router:external": row["external"],
        **standard_attributes.shown(row, row["tags"]),
    }
