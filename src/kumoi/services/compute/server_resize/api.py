"""Routes of resizes."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.compute.server_resize import logic, schemas

routes = Routes()

PATH = "/servers/{server_id}/action"


@routes.action(
    PATH, "resize", policy=policy.member(), body=schemas.Resize, quota=("cores", "ram"), errors=(409,),
)  # fmt: skip
def resize(request: Request, server_id: str, body: schemas.Resize) -> Reply:
    logic.resize(request.tx, request.who, server_id, str(body.flavorRef), body.disk_config, request.origin())
    return Reply()


@routes.action(PATH, "confirmResize", policy=policy.member(), status=204, errors=(409,))
def confirm(request: Request, server_id: str) -> Reply:
    logic.confirm(request.tx, request.who, server_id, request.origin())
    return Reply()


@routes.action(PATH, "revertResize", policy=policy.member(), errors=(409,))
def revert(request: Request, server_id: str) -> Reply:
    logic.revert(request.tx, request.who, server_id, request.origin())
    return Reply()
