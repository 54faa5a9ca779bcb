"""Routes of rescues."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.compute.server_rescue import logic, schemas

routes = Routes()

PATH = "/servers/{server_id}/action"


@routes.action(
    PATH, "rescue", policy=policy.member(), body=schemas.Rescue | None, reply=schemas.Rescued, status=200,
    errors=(409,),
)  # fmt: skip
def rescue(request: Request, server_id: str, body: schemas.Rescue | None) -> schemas.Rescued:
    with_volumes = request.behaves("volume-backed servers are rescued")
    asked = body or schemas.Rescue()
    return schemas.Rescued(
        logic.rescue(request.tx, request.who, server_id, asked, request.origin(), with_volumes=with_volumes)
    )


@routes.action(PATH, "unrescue", policy=policy.member(), errors=(409,))
def unrescue(request: Request, server_id: str) -> Reply:
    logic.unrescue(request.tx, request.who, server_id, request.origin())
    return Reply()
