"""Routes of the JSON schemas."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.services.image.schemas import documents

routes = Routes()


@routes.get("/v2/schemas/image", policy=policy.authenticated(), query=Nothing, mode="live", reply=dict[str, Any])
def image(request: Request) -> dict[str, Any]:
    return documents.image()


@routes.get("/v2/schemas/images", policy=policy.authenticated(), query=Nothing, mode="live", reply=dict[str, Any])
def images(request: Request) -> dict[str, Any]:
    return documents.collection("images", documents.image())


@routes.get("/v2/schemas/member", policy=policy.authenticated(), query=Nothing, mode="live", reply=dict[str, Any])
def member(request: Request) -> dict[str, Any]:
    return documents.member()


@routes.get("/v2/schemas/members", policy=policy.authenticated(), query=Nothing, mode="live", reply=dict[str, Any])
def members(request: Request) -> dict[str, Any]:
    return documents.collection("members", documents.member())
