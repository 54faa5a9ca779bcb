"""Routes of shelving."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.compute.server_shelving import logic, schemas

routes = Routes()

PATH = "/servers/{server_id}/action"


@routes.action(PATH, "shelve", policy=policy.member(), quota=("image_count_total",), errors=(409,))
def shelve(request: Request, server_id: str) -> Reply:
    logic.shelve(request.tx, request.who, server_id, request.origin())
    return Reply()


@routes.action(PATH, "shelveOffload", policy=policy.admin(), errors=(409,))
def shelve_offload(request: Request, server_id: str) -> Reply:
    logic.offload(request.tx, request.who, server_id, request.origin())
    return Reply()


@routes.action(PATH, "unshelve", policy=policy.member(), body=schemas.Unshelve | None, errors=(409,))
def unshelve(request: Request, server_id: str, body: schemas.Unshelve | None) -> Reply:
    logic.unshelve(request.tx, request.who, server_id, body or schemas.Unshelve(), request.origin())
    return Reply()
