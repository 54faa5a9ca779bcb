"""Routes of networks until 2.35, answered by the network service:
docs.openstack.org/api-ref/compute/#networks-os-networks-deprecated."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import until
from kumoi.services.compute import elsewhere

routes = Routes()
UNTIL = until("2.35")
EMPTY = (
    "cidr", "netmask", "gateway", "broadcast", "dns1", "dns2", "cidr_v6", "gateway_v6", "netmask_v6", "created_at",
    "updated_at", "deleted_at", "deleted", "injected", "bridge", "vlan", "vpn_public_address", "vpn_public_port",
    "vpn_private_address", "dhcp_start", "project_id", "host", "bridge_interface", "multi_host", "priority", "rxtx_base",
    "mtu", "dhcp_server", "enable_dhcp", "share_address",
)  # fmt: skip
"""What only Nova's own networks had."""
Network: Any = msgspec.defstruct("Network", [("id", str), ("label", str), *((name, None) for name in EMPTY)])
Brief: Any = msgspec.defstruct("TenantNetwork", [("id", str), ("label", str), ("cidr", None)])


def _visible(request: Request) -> list[dict[str, Any]]:
    return elsewhere.every(request, "network", "/networks", "networks")


def _whole(one: dict[str, Any]) -> dict[str, Any]:
    return {"id": one["id"], "label": one["name"], **dict.fromkeys(EMPTY)}


def _brief(one: dict[str, Any]) -> dict[str, Any]:
    return {"id": one["id"], "label": one["name"], "cidr": None}


def _one(request: Request, network_id: str) -> dict[str, Any]:
    found: dict[str, Any] = elsewhere.ask(
        request, "network", "GET", "/networks/{network_id}", network_id=network_id
    )["network"]  # fmt: skip
    return found


@routes.get(
    "/os-networks", policy=policy.reader(), query=Nothing, reply=under("networks", list[Network]), versions=UNTIL
)
def index(request: Request) -> dict[str, Any]:
    return {"networks": [_whole(one) for one in _visible(request)]}


@routes.get("/os-networks/{network_id}", policy=policy.reader(), reply=under("network", Network), versions=UNTIL)
def show(request: Request, network_id: str) -> dict[str, Any]:
    return {"network": _whole(_one(request, network_id))}


@routes.get(
    "/os-tenant-networks", policy=policy.reader(), query=Nothing, reply=under("networks", list[Brief]), versions=UNTIL
)
def index_of_tenant(request: Request) -> dict[str, Any]:
    return {"networks": [_brief(one) for one in _visible(request)]}


@routes.get("/os-tenant-networks/{network_id}", policy=policy.reader(), reply=under("network", Brief), versions=UNTIL)
def show_of_tenant(request: Request, network_id: str) -> dict[str, Any]:
    return {"network": _brief(_one(request, network_id))}
