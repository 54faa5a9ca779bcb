"""The route of rebuilds."""

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.compute.server_rebuild import logic, schemas
from kumoi.services.compute.servers.api import viewer
from kumoi.services.compute.servers.logic import showing
from kumoi.services.compute.servers.schemas import shown

routes = Routes()


@routes.action(
    "/servers/{server_id}/action", "rebuild", policy=policy.member(), body=schemas.Rebuild, reply=schemas.RebuiltBody,
    errors=(409, 501),
)  # fmt: skip
def rebuild(request: Request, server_id: str, body: schemas.Rebuild) -> Reply:
    if isinstance(body.hostname, str) and "." in body.hostname and not request.behaves("hostnames may have dots"):
        raise BadRequest(f"Invalid input for field/attribute hostname. Value: {body.hostname}. It has a dot.")
    row, password = logic.rebuild(request.tx, request.who, server_id, body, request.origin())
    view = viewer(request, schemas.Rebuilt)
    server = shown.server(row, showing.related(request.tx, [row], admin=view.admin, alone=True), view, alone=True)
    assert isinstance(server, schemas.Rebuilt)
    # The user data stands under its plain name only.
    server.adminPass, server.plain_user_data, server.user_data = password, row["user_data"], msgspec.UNSET
    return Reply(schemas.RebuiltBody(server), headers={"Location": request.link(f"/servers/{server_id}")})
