"""Routes of floating IPs until 2.35, answered by the network service:
docs.openstack.org/api-ref/compute/#floating-ips-os-floating-ips-deprecated."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import until
from kumoi.services.compute import elsewhere

routes = Routes()
UNTIL = until("2.35")
PATH = "/os-floating-ips"


class Create(msgspec.Struct):
    pool: Annotated[str, msgspec.Meta(max_length=255)] | None = None


class FloatingIp(msgspec.Struct):
    id: str
    ip: str
    pool: str | None
    fixed_ip: str | None
    instance_id: str | None


class Pool(msgspec.Struct):
    name: str


def _pools(request: Request) -> dict[str, str]:
    """External network → its name."""
    found = elsewhere.every(request, "network", "/networks", "networks", **{"router:external": "true"})
    return {one["id"]: one["name"] for one in found}


def _shown(one: dict[str, Any], pools: dict[str, str]) -> FloatingIp:
    port = one["port_details"]
    network = one["floating_network_id"]
    return FloatingIp(
        one["id"], one["floating_ip_address"], pools.get(network, network), one["fixed_ip_address"],
        port["device_id"] or None if port else None,
    )  # fmt: skip


@routes.get(
    "/os-floating-ip-pools", policy=policy.reader(), query=Nothing, reply=under("floating_ip_pools", list[Pool]),
    versions=UNTIL,
)  # fmt: skip
def index_pools(request: Request) -> dict[str, Any]:
    return {"floating_ip_pools": [Pool(name) for name in _pools(request).values()]}


@routes.get(PATH, policy=policy.reader(), query=Nothing, reply=under("floating_ips", list[FloatingIp]), versions=UNTIL)
def index(request: Request) -> dict[str, Any]:
    mine = {"project_id": request.who.project_id} if request.who.project_id else {}
    found = elsewhere.every(request, "network", "/floatingips", "floatingips", **mine)
    pools = _pools(request)
    return {"floating_ips": [_shown(one, pools) for one in found]}


@routes.get(
    f"{PATH}/{{floating_ip_id}}", policy=policy.reader(), reply=under("floating_ip", FloatingIp), versions=UNTIL
)
def show(request: Request, floating_ip_id: str) -> dict[str, Any]:
    found = elsewhere.ask(
        request, "network", "GET", "/floatingips/{floating_ip_id}", floating_ip_id=floating_ip_id
    )  # fmt: skip
    return {"floating_ip": _shown(found["floatingip"], _pools(request))}


@routes.post(
    PATH, policy=policy.member(), body=Create | None, reply=under("floating_ip", FloatingIp), status=200,
    quota=("floatingip",), errors=(409,), versions=UNTIL,
)  # fmt: skip
def create(request: Request, body: Create | None) -> dict[str, Any]:
    pools = _pools(request)
    wanted = body.pool if body else None
    network_id = next((id for id, name in pools.items() if wanted is None or wanted in (id, name)), None)
    if network_id is None:
        raise NotFound("Floating IP pool not found.")
    asked = {"floatingip": {"floating_network_id": network_id}}
    made = elsewhere.ask(request, "network", "POST", "/floatingips", body=asked)["floatingip"]
    return {"floating_ip": _shown(made, pools)}


@routes.delete(f"{PATH}/{{floating_ip_id}}", policy=policy.member(), status=202, versions=UNTIL)
def delete(request: Request, floating_ip_id: str) -> Reply:
    elsewhere.ask(request, "network", "DELETE", "/floatingips/{floating_ip_id}", floating_ip_id=floating_ip_id)
    return Reply()
