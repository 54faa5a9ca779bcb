"""Routes of the browser's session. Only they take its cookie; every other route wants the token itself, in X-Auth-Token."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.cloud.session import live, schemas

routes = Routes()
_UNKEPT = {"Cache-Control": "no-store"}


@routes.post("/session", policy=policy.authenticated(), mode="live", reply=schemas.ShowBody)
def create(request: Request) -> Reply:
    """Begins a session with the caller's token."""
    body = schemas.ShowBody(schemas.session(request.token, request.who))
    return Reply(body, headers={**_UNKEPT, "Set-Cookie": live.cookie(request, request.token, request.who)})


@routes.get("/session", policy=policy.public(), mode="live", reply=schemas.ShowBody, errors=(401, 403))
def show(request: Request) -> Reply:
    live.check_origin(request)
    return Reply(schemas.ShowBody(schemas.session(*live.opened(request))), headers=_UNKEPT)


@routes.delete("/session", policy=policy.public(), mode="live", errors=(401, 403))
def delete(request: Request) -> Reply:
    """Revokes its token."""
    live.check_origin(request)
    live.end(request)
    return Reply(headers={**_UNKEPT, "Set-Cookie": live.no_cookie(request)})
