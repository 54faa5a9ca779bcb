"""Shapes of routers: docs.openstack.org/api-ref/network/v2/#routers-routers."""

from typing import Annotated, Any

import msgspec

from kumoi.services.network import standard_attributes
from kumoi.services.network.bodies import UNSET, Id, Text, Unset
from kumoi.services.network.networks.schemas import ZONE
from kumoi.services.network.port_rows.models import PortDetails
from kumoi.services.network.ports.schemas import FixedIp
from kumoi.services.network.routers.models import RouterDetails, RouterRow
from kumoi.services.network.standard_attributes import Standard

Address = Annotated[str, msgspec.Meta(max_length=64)]


class ExternalGateway(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    network_id: Id | None = None
    enable_snat: bool | Unset | None = UNSET
    external_fixed_ips: list[FixedIp] | Unset | None = UNSET


class Route(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    destination: Address
    nexthop: Address


class RouterCreate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Text | Unset = UNSET
    description: Text | Unset = UNSET
    admin_state_up: bool | Unset = UNSET
    external_gateway_info: ExternalGateway | Unset | None = UNSET
    distributed: bool | Unset | None = UNSET
    ha: bool | Unset | None = UNSET
    availability_zone_hints: list[Text] | Unset = UNSET
    project_id: Text | Unset = UNSET
    tenant_id: Text | Unset = UNSET
    tags: list[Text] | Unset = UNSET


class CreateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    router: RouterCreate | Unset = UNSET
    routers: list[RouterCreate] | Unset = UNSET


class RouterUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Text | Unset = UNSET
    description: Text | Unset = UNSET
    admin_state_up: bool | Unset = UNSET
    external_gateway_info: ExternalGateway | Unset | None = UNSET
    distributed: bool | Unset | None = UNSET
    ha: bool | Unset | None = UNSET
    routes: list[Route] | Unset | None = UNSET


class UpdateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    router: RouterUpdate


class ExtraRoutes(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    routes: list[Route]


class ExtraRoutesBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    router: ExtraRoutes


class InterfaceBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    subnet_id: Id | None = None
    port_id: Id | None = None


class ShownAddress(msgspec.Struct):
    subnet_id: str
    ip_address: str


class ShownGateway(msgspec.Struct):
    network_id: str
    enable_snat: bool
    external_fixed_ips: list[ShownAddress]


class ShownRoute(msgspec.Struct):
    destination: str
    nexthop: str


class Router(Standard, kw_only=True):
    name: str
    status: str
    admin_state_up: bool
    external_gateway_info: ShownGateway | None
    routes: list[ShownRoute]
    availability_zone_hints: list[str]
    availability_zones: list[str]
    flavor_id: None


class Interface(msgspec.Struct):
    """Answer of add_router_interface and remove_router_interface."""

    id: str
    tenant_id: str
    project_id: str
    port_id: str
    network_id: str
    subnet_id: str
    subnet_ids: list[str]
    tags: list[str]


def router(row: RouterDetails) -> dict[str, Any]:
    gateway = row["gateway"]
    info = None
    if gateway is not None:
        info = {
            "network_id": gateway["network_id"],
            "enable_snat": row["enable_snat"],
            "external_fixed_ips": [{"subnet_id": s, "ip_address": a} for s, a in gateway["fixed_ips"]],
        }
    return {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "admin_state_up": row["admin_state_up"],
        "external_gateway_info": info,
        "routes": row["routes"] or [],
        "availability_zone_hints": row["availability_zone_hints"] or [],
        "availability_zones": [ZONE],
        "flavor_id": None,
        **standard_attributes.shown(row, row["tags"]),
    }


def interface(router_row: RouterRow, port: PortDetails, subnet_ids: list[str]) -> dict[str, Any]:
    """Answer of add_router_interface and remove_router_interface."""
    return {
        "id": router_row["id"],
        "tenant_id": router_row["project_id"],
        "project_id": router_row["project_id"],
        "port_id": port["id"],
        "network_id": port["network_id"],
        "subnet_id": subnet_ids[0],
        "subnet_ids": subnet_ids,
        "tags": [],
    }
