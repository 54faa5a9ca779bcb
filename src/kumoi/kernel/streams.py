"""The ASGI side of the same routes: bodies of any size and websockets, which never hold an API thread."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import falcon
import falcon.asgi
import msgspec

from kumoi.kernel import log
from kumoi.kernel.bodies import parse_query
from kumoi.kernel.errors import ApiError, BadRequest
from kumoi.kernel.http import Api, Request, new_request_id
from kumoi.kernel.routes import Reply, Route, Service

DRAIN_SECONDS = 60.0
"""How long the rest of a refused body is taken."""


def asgi(api: Api) -> falcon.asgi.App:  # type: ignore[type-arg]
    """An application of every route with mode `stream`; handlers are `async def handler(asked, body, **path)` where
    `body` iterates over chunks, or, for method WEBSOCKET, `async def handler(asked, socket, **path)`."""
    app = _App()
    app.req_options.strip_url_path_trailing_slash = True
    by_path: dict[str, tuple[Service, dict[str, Route]]] = {}
    for service in api.services:
        for route in service.each():
            if route.mode == "stream":
                by_path.setdefault(service.prefix + route.path, (service, {}))[1][route.method] = route
    for path, (service, routes) in by_path.items():
        app.add_route(path, _Stream(api, service, routes))
    app.add_route("/healthcheck", _Health())
    return app


class _App(falcon.asgi.App):  # type: ignore[type-arg]
    """Falcon takes a connection that is lost for the end of its body; this one remembers."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # type: ignore[override]
        async def noting() -> Any:
            event = await receive()
            if event["type"] == "http.disconnect":
                scope[_LOST] = True
            return event

        await super().__call__(scope, noting, send)


_LOST = "kumoi.lost"


class _Health:
    async def on_get(self, request: falcon.asgi.Request, response: falcon.asgi.Response) -> None:
        response.text = "OK"


class _Stream:
    def __init__(self, api: Api, service: Service, routes: dict[str, Route]) -> None:
        self.api, self.service, self.routes = api, service, routes

    async def _respond(self, request: falcon.asgi.Request, response: falcon.asgi.Response, **path: str) -> None:
        request_id = new_request_id()
        held = log.request_id.set(request_id)
        version = None
        body = _chunks(request)
        try:
            route = self.routes.get(request.method)
            if route is None:
                raise falcon.HTTPMethodNotAllowed(list(self.routes))
            version = self.api.version_of(self.service, request.get_header)
            asked = await self._asked(route, request, request_id)
            asked.version = version
            result = await route.handler(asked, body, **path)
            reply = result if isinstance(result, Reply) else Reply(result)
            response.status = reply.status or route.status
            for name, value in reply.headers.items():
                response.set_header(name, value)
            if reply.body is not None:
                response.data = msgspec.json.encode(reply.body)
                response.content_type = "application/json"
            Api.send_frame(response, self.service, request_id, version)
        except ApiError as error:
            self.api.send_error(response, self.service, request_id, error, version)
        except falcon.HTTPError:
            raise
        except Exception:
            log.fault(__name__, "stream failed", path=request.path)
            await _drain(body)
            fault = ApiError("An unexpected error prevented the server from fulfilling your request.")
            self.api.send_error(response, self.service, request_id, fault, version)
        finally:
            log.request_id.reset(held)

    on_put = on_post = on_get = _respond

    async def on_websocket(self, request: falcon.asgi.Request, socket: falcon.asgi.WebSocket, **path: str) -> None:
        route = self.routes.get("WEBSOCKET")
        if route is None:
            await socket.close(1008)
            return
        request_id = new_request_id()
        held = log.request_id.set(request_id)
        try:
            asked = await self._asked(route, request, request_id)
            await route.handler(asked, socket, **path)
        except ApiError as error:
            log.say(__name__, "websocket refused", reason=error.message)
            if not socket.closed:
                await socket.close(3000 + error.status)
        except falcon.WebSocketDisconnected:
            pass
        finally:
            log.request_id.reset(held)

    async def _asked(self, route: Route, request: falcon.asgi.Request, request_id: str) -> Request:
        asked = Request(self.service, route, request_id)
        token = request.get_header("X-Auth-Token")
        asked.who = await asyncio.to_thread(self.api.identify, route, token)
        asked.token = token or ""
        asked.params = parse_query(request.query_string) if request.query_string else {}
        asked.headers = {name.lower(): value for name, value in request.headers.items()}
        asked.base_url = f"{request.forwarded_scheme}://{request.forwarded_host}"
        asked.url_path = request.path
        asked.database, asked.settings, asked._engines = self.api.database, self.api.settings, self.api.engines
        return asked


async def _chunks(request: falcon.asgi.Request) -> AsyncIterator[bytes]:
    """The body; BadRequest when the connection is lost before its end."""
    came = 0
    async for chunk in request.stream:
        came += len(chunk)
        yield chunk
    expected = request.content_length
    if request.scope.get(_LOST) or (expected is not None and came < expected):
        raise BadRequest(f"The connection was lost after {came} of {expected or 'unknown'} bytes of the body.")


async def _drain(body: AsyncIterator[bytes]) -> None:
    """Take the rest of a body that nobody wants: whoever still sends does not read the refusal, and the front would
    answer in its place that the connection broke."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in body:
                pass


__all__: list[Any] = ["asgi"]
