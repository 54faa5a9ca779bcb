"""Routes of the JSON schemas."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.services.image.schemas import documents
from kumoi.services.image.tasks.schemas import Stub, Task

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


def _metadef(name: str, one_path: str, several_path: str) -> None:
    @routes.get(
        f"/v2/schemas/metadefs/{one_path}", policy=policy.authenticated(), query=Nothing, mode="live",
        reply=dict[str, Any],
    )  # fmt: skip
    def one(request: Request) -> dict[str, Any]:
        return documents.metadef(name)

    @routes.get(
        f"/v2/schemas/metadefs/{several_path}", policy=policy.authenticated(), query=Nothing, mode="live",
        reply=dict[str, Any],
    )  # fmt: skip
    def collection(request: Request) -> dict[str, Any]:
        return documents.metadefs_collection(name)


for _name, (_several, _) in documents.METADEFS.items():
    # The path says `resource_type`, the schema `resource_type_association`.
    _metadef(_name, _name.removesuffix("_association"), _several.replace("type_associations", "types"))


@routes.get("/v2/schemas/task", policy=policy.authenticated(), query=Nothing, mode="live", reply=dict[str, Any])
def task(request: Request) -> dict[str, Any]:
    return documents.of("task", Task)


@routes.get("/v2/schemas/tasks", policy=policy.authenticated(), query=Nothing, mode="live", reply=dict[str, Any])
def tasks(request: Request) -> dict[str, Any]:
    return documents.collection("tasks", documents.of("task", Stub))


@routes.get("/v2/schemas/members", policy=policy.authenticated(), query=Nothing, mode="live", reply=dict[str, Any])
def members(request: Request) -> dict[str, Any]:
    return documents.collection("members", documents.member())
