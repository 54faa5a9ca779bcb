"""Routes of consoles; the screen itself is in `streams.py`."""

from typing import Any
from urllib.parse import quote

from kumoi.kernel import policy, randomness
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import since, until
from kumoi.services.compute.consoles import live, logic, schemas
from kumoi.services.compute.consoles.streams import SCREEN

routes = Routes()

ACTION = "/servers/{server_id}/action"


@routes.action(
    ACTION,
    "os-getConsoleOutput",
    policy=policy.member(),
    mode="live",
    body=schemas.Output,
    status=200,
    errors=(409,),
    reply=under("output", str),
)
def output(request: Request, server_id: str, body: schemas.Output) -> dict[str, Any]:
    server = request.database.read(lambda tx: logic.on_host(tx, request.who, server_id))
    return {"output": live.output(request, server, body.length)}


def _has_screen(request: Request, server_id: str, protocol: str, kind: str) -> None:
    """Asks the server's host before a console URL is returned."""
    server = request.database.read(lambda tx: logic.on_host(tx, request.who, server_id))
    logic.check(protocol, kind)
    live.screen(request.engine, server)


def _open(request: Request, server_id: str) -> str:
    """The URL of a page that shows the screen."""
    logic.on_host(request.tx, request.who, server_id)
    token = randomness.new_secret(24)
    logic.allow(request.tx, token, server_id, request.keys.seal_secret(request.token))
    path = f"{request.service.prefix.lstrip('/')}{SCREEN}?token={token}"
    return f"{request.base_url}/novnc/vnc_lite.html?path={quote(path, safe='')}"


def _action(key: str, protocol: str, body_type: Any) -> None:
    def ask(request: Request, server_id: str, body: Any) -> None:
        _has_screen(request, server_id, protocol, body.type)

    @routes.action(
        ACTION, key, policy=policy.member(), before=ask, body=body_type, reply=schemas.ConsoleBody, status=200,
        versions=until("2.5"), errors=(409,),
    )  # fmt: skip
    def open_console(request: Request, server_id: str, body: Any, prepared: None) -> schemas.ConsoleBody:
        return schemas.ConsoleBody(schemas.Console(body.type, _open(request, server_id)))


_action("os-getVNCConsole", "vnc", schemas.Vnc)
_action("os-getSPICEConsole", "spice", schemas.Spice)
_action("os-getSerialConsole", "serial", schemas.Serial)


def _has_remote(request: Request, server_id: str, body: schemas.RemoteBody) -> None:
    _has_screen(request, server_id, body.remote_console.protocol, body.remote_console.type)


@routes.post(
    "/servers/{server_id}/remote-consoles", policy=policy.member(), before=_has_remote, body=schemas.RemoteBody,
    reply=schemas.RemoteShown, status=200, versions=since("2.6"), errors=(409,),
)  # fmt: skip
def create(request: Request, server_id: str, body: schemas.RemoteBody, prepared: None) -> schemas.RemoteShown:
    wanted = body.remote_console
    return schemas.RemoteShown(schemas.RemoteConsole(wanted.protocol, wanted.type, _open(request, server_id)))


@routes.get(
    "/os-console-auth-tokens/{token}", policy=policy.admin(), mode="live", reply=schemas.AccessBody,
    versions=since("2.31"),
)  # fmt: skip
def access(request: Request, token: str) -> schemas.AccessBody:
    server = request.database.read(lambda tx: logic.admitted(tx, token)).server
    return schemas.AccessBody(
        schemas.Access(server["id"], server["host"] or "", None, live.screen(request.engine, server))
    )
