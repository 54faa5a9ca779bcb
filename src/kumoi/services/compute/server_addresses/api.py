"""Routes of server addresses."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.services.compute.server_addresses import logic

routes = Routes()


class Address(msgspec.Struct):
    addr: str
    version: int


@routes.get(
    "/servers/{server_id}/ips",
    policy=policy.reader(),
    query=Nothing,
    reply=under("addresses", dict[str, list[Address]]),
)
def index(request: Request, server_id: str) -> dict[str, Any]:
    return {"addresses": logic.show(request.tx, request.who, server_id)}


@routes.get("/servers/{server_id}/ips/{network}", policy=policy.reader(), reply=dict[str, list[Address]])
def show(request: Request, server_id: str, network: str) -> dict[str, Any]:
    return {network: logic.on(request.tx, request.who, server_id, network)}
