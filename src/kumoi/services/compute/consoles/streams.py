"""The websocket of a screen, which the streams process answers."""

import asyncio

import falcon.asgi

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.compute.consoles import live, logic

routes = Routes()

SCREEN = "/console"
"""Below the service's prefix, with `?token=`."""


@routes.websocket(SCREEN, policy=policy.public())
async def screen(asked: Request, socket: falcon.asgi.WebSocket) -> None:
    """The console token is the only credential, because a browser sends no other. It is valid for one connection at a
    time, which ends with the server and with the right of the user who opened the console."""
    logic.check_origin(asked.headers.get("origin", ""), asked.base_url, asked.settings.console_origins)
    token = (asked.params.get("token") or [""])[-1]
    with live.alone(token):
        admitted = await asyncio.to_thread(asked.database.read, lambda tx: logic.admitted(tx, token))
        await asyncio.to_thread(live.check_right, asked, admitted)
        path = await asyncio.to_thread(live.screen, asked.engine, admitted.server)
        offered = tuple(socket.subprotocols or ())
        await socket.accept(subprotocol="binary" if "binary" in offered else None)
        await live.bridge(socket, path, live.right_ended(asked, admitted))
