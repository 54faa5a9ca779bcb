"""Routes of external events."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.compute.server_external_events import logic, schemas

routes = Routes()
MIXED = 207


@routes.post(
    "/os-server-external-events", policy=policy.admin(), body=schemas.CreateBody, reply=schemas.Body, status=200,
    errors=(MIXED,),
)  # fmt: skip
def create(request: Request, body: schemas.CreateBody) -> Reply:
    assert request.version is not None
    taken = logic.take(request.tx, body.events, request.version)
    status = logic.OK if all(each.code == logic.OK for each in taken) else MIXED
    return Reply(schemas.Body(taken), status=status)
