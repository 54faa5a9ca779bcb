"""The ASGI side of the same routes: bodies of any size and websockets, which never hold an API thread."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import falcon
import falcon.asgi
import msgspec
from sqlalchemy.exc import DataError

from kumoi.kernel import clock, log
from kumoi.kernel.errors import ApiError, BadRequest, MethodNotAllowed, NotFound, RequestTimeout, Unavailable
from kumoi.kernel.http import (
    FAULT,
    HEALTHCHECK,
    MATCHED,
    OUT_OF_RANGE,
    PATH,
    SERVICE,
    WHO,
    Api,
    Request,
    new_request_id,
    note,
    note_who,
    of_framework,
    prove,
    refuse_nul,
    whole_rest,
)
from kumoi.kernel.queries import parse_query
from kumoi.kernel.routes import Reply, Route, Service
from kumoi.kernel.who import NOBODY, Who

DRAIN_SECONDS = 60.0
"""How long the rest of a refused body is read."""
SLOWEST_BODY = 16 * 1024
"""Minimum average bytes per second of a body after GRACE_SECONDS, so that every body ends."""
GRACE_SECONDS = 60.0
MOST_BODIES = 512
"""Bodies that this process receives at once. Each may hold a few MiB and an open file, however slowly it comes."""
_bodies = 0
"""How many it receives now."""


def asgi(api: Api) -> falcon.asgi.App:  # type: ignore[type-arg]
    """An application of all routes with mode `stream`. Handlers are `async def handler(asked, body, **path)`, where
    `body` iterates over chunks; for method WEBSOCKET `async def handler(asked, socket, **path)`."""
    app = _App()
    app.req_options.strip_url_path_trailing_slash = True
    by_path: dict[str, tuple[Service, dict[str, Route]]] = {}
    for service in api.services:
        for route in service.streaming():
            by_path.setdefault(service.prefix + route.path, (service, {}))[1][route.method] = route
    for path, (service, routes) in by_path.items():
        app.add_route(path, _Stream(api, service, routes))
    app.add_route(HEALTHCHECK, _Health())

    async def absent(req: falcon.asgi.Request, resp: Any, **_: Any) -> None:
        await asyncio.to_thread(api.refuse, req, resp, NotFound(""))

    async def refused(
        request: falcon.asgi.Request, response: falcon.asgi.Response, error: Any, params: Any, **_: Any
    ) -> None:
        note(request, api.service_at(request.path), request.path, params or {})
        api.send_refusal(request.path, response, of_framework(error, request.method))

    app.add_sink(absent, "/")
    app.add_error_handler(falcon.HTTPError, refused)
    return app


class _App(falcon.asgi.App):  # type: ignore[type-arg]
    """Gives every request an id and a line in the log, and detects lost connections. Falcon treats a lost connection as
    the end of the body."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # type: ignore[override]
        if scope["type"] not in ("http", "websocket"):
            await super().__call__(scope, receive, send)
            return
        came_whole = scope["type"] == "websocket"
        scope[_RECEIVE] = receive
        began = clock.monotonic()
        held = log.request_id.set(new_request_id())

        async def noting() -> Any:
            nonlocal came_whole
            event = await receive()
            if event["type"] == "http.disconnect":
                scope[_LOST] = came_whole = True
            elif event["type"] == "http.request":
                came_whole = not event.get("more_body", False)
            return event

        async def answering(event: Any) -> None:
            if (status := _status(event)) and scope["path"] != HEALTHCHECK and _SAID not in scope:
                scope[_SAID] = True
                with contextlib.suppress(Exception):
                    # A client that still sends does not read the answer, and the front would report a broken
                    # connection.
                    async with asyncio.timeout(DRAIN_SECONDS):
                        while not came_whole and status != RequestTimeout.status:
                            await noting()
                who: Who = scope.get(WHO, NOBODY)
                log.answered(
                    __name__, service=scope.get(SERVICE, ""), method=scope.get("method", "WEBSOCKET"),
                    path=scope.get(PATH) or scope["path"], status=status, began=began, user_id=who.user_id,
                    project_id=who.project_id or "",
                )  # fmt: skip
            await send(event)

        try:
            await super().__call__(scope, noting, answering)
        finally:
            log.request_id.reset(held)


_LOST, _SAID, _RECEIVE = "kumoi.lost", "kumoi.said", "kumoi.receive"


def _status(event: Any) -> int:
    """The status of an event that answers; 0 for other events. A websocket that is closed before it is accepted is
    answered with 403."""
    kind = event["type"]
    if kind == "http.response.start":
        return int(event["status"])
    return {"websocket.accept": 101, "websocket.close": 403}.get(kind, 0)


class _Health:
    async def on_get(self, request: falcon.asgi.Request, response: falcon.asgi.Response) -> None:
        response.text = "OK"


class _Stream:
    def __init__(self, api: Api, service: Service, routes: dict[str, Route]) -> None:
        self.api, self.service, self.routes = api, service, routes

    async def _respond(self, request: falcon.asgi.Request, response: falcon.asgi.Response, **path: str) -> None:
        request_id = log.request_id.get()
        version = None
        body = _chunks(request)
        note(request, self.service, request.path, path)
        try:
            route = self.routes.get(request.method)
            if route is None:
                await asyncio.to_thread(
                    self.api.authenticate, self.api.database, request.get_header("X-Auth-Token") or ""
                )
                raise MethodNotAllowed(
                    f"The method {request.method} is not allowed for this resource.",
                    headers={"Allow": ", ".join(sorted(self.routes))},
                )
            version = self.api.version_of(self.service, request.get_header)
            request.scope[MATCHED] = self.service, route, version
            asked = await self._asked(route, request, request_id)
            refuse_nul(path, self.service)
            if route.rest:
                path[route.rest] += whole_rest(request.scope["path"])
            asked.version = version
            result = await route.handler(asked, body, **path)
            reply = result if isinstance(result, Reply) else Reply(result)
            response.status = reply.status or route.status
            for name, value in reply.headers.items():
                response.set_header(name, value)
            if reply.body is not None:
                response.data = msgspec.json.encode(reply.body)
                response.content_type = "application/json"
            elif reply.raw is not None or reply.stream is not None:
                response.content_type = reply.content_type or "text/plain; charset=utf-8"
                response.data, response.stream = reply.raw, reply.stream
                if reply.endless:
                    response.stream = _WhileConnected(reply.stream, request.scope[_RECEIVE])
            Api.send_frame(response, self.service, request_id, version, sandboxed=asked.is_sandboxed)
        except ApiError as error:
            self.api.send_error(response, self.service, request_id, error, version)
        except falcon.HTTPError as error:
            self.api.send_error(response, self.service, request_id, of_framework(error, request.method), version)
        except (DataError, OverflowError):  # as on the side of WSGI
            log.fault(__name__, "a value does not fit its column", method=request.method, path=request.scope[PATH])
            self.api.send_error(response, self.service, request_id, BadRequest(OUT_OF_RANGE), version)
        except Exception:
            log.fault(__name__, "stream failed", method=request.method, path=request.scope[PATH])
            self.api.send_error(response, self.service, request_id, ApiError(FAULT), version)
        finally:
            # A refusal leaves the rest of the body.
            await body.aclose()

    on_put = on_post = on_get = on_head = on_patch = on_delete = on_copy = _respond

    async def on_websocket(self, request: falcon.asgi.Request, socket: falcon.asgi.WebSocket, **path: str) -> None:
        route = self.routes.get("WEBSOCKET")
        if route is None:
            await socket.close(1008)
            return
        note(request, self.service, request.path, path)
        try:
            asked = await self._asked(route, request, log.request_id.get())
            refuse_nul(path, self.service)
            await route.handler(asked, socket, **path)
        except ApiError as error:
            log.say(__name__, "websocket refused", reason=error.message)
            if not socket.closed:
                await socket.close(3000 + error.status)
        except falcon.WebSocketDisconnected:
            pass

    async def _asked(self, route: Route, request: falcon.asgi.Request, request_id: str) -> Request:
        asked = Request(self.service, route, request_id)
        token = request.get_header("X-Auth-Token")
        asked.who = await asyncio.to_thread(self.api.identify, route, token)
        note_who(request, asked.who)
        asked.token = token or ""
        asked.params = parse_query(request.query_string) if request.query_string else {}
        asked.headers = {name.lower(): value for name, value in request.headers.items()}
        asked.base_url = self.api.base_url(request)
        asked.authenticate = self.api.authenticate
        asked.url_path = request.path
        asked.sent_path = request.scope["path"].encode("utf-8", "surrogateescape")
        asked.database, asked.settings, asked._engines = self.api.database, self.api.settings, self.api.engines
        if route.policy.signed:
            note_who(request, await asyncio.to_thread(prove, asked))
        return asked


class _WhileConnected:
    """An endless stream, until the client leaves. Falcon itself would only notice when it sends."""

    def __init__(self, source: Any, receive: Callable[[], Awaitable[Any]]) -> None:
        self._source, self._receive = source, receive
        self._left: asyncio.Future[None] | None = None
        self._following: asyncio.Future[bytes] | None = None

    def __aiter__(self) -> "_WhileConnected":
        return self

    async def __anext__(self) -> bytes:
        if self._left is None:
            self._left = asyncio.ensure_future(self._leave())
        self._following = asyncio.ensure_future(anext(self._source))
        await asyncio.wait({self._following, self._left}, return_when=asyncio.FIRST_COMPLETED)
        if self._following.done():
            return self._following.result()
        raise StopAsyncIteration

    async def _leave(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def close(self) -> None:
        """Falcon calls it in the end."""
        waiting = [each for each in (self._left, self._following) if each is not None]
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await self._source.aclose()


async def _chunks(request: falcon.asgi.Request) -> AsyncGenerator[bytes, None]:
    """The body. Unavailable if too many others are being received."""
    global _bodies
    if request.content_length != 0 and _bodies >= MOST_BODIES:
        raise Unavailable(
            f"{_bodies} uploads are open at the moment. Nothing was changed; try again.", headers={"Retry-After": "1"}
        )
    _bodies += 1
    try:
        async for chunk in _parts(request):
            yield chunk
    finally:
        _bodies -= 1


async def _parts(request: falcon.asgi.Request) -> AsyncGenerator[bytes, None]:
    """BadRequest if the connection is lost before the body's end, RequestTimeout if it arrives too slowly. Only the
    time in which this side waited for the client counts."""
    came, waited = 0, 0.0
    parts = aiter(request.stream)
    while True:
        began = clock.monotonic()
        try:
            async with asyncio.timeout(GRACE_SECONDS + came / SLOWEST_BODY - waited):
                chunk = await anext(parts)
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise RequestTimeout(
                f"The body came too slowly: {came} bytes in {waited + clock.monotonic() - began:.0f} seconds."
            ) from None
        waited += clock.monotonic() - began
        came += len(chunk)
        yield chunk
    expected = request.content_length
    if request.scope.get(_LOST) or (expected is not None and came < expected):
        raise BadRequest(f"The connection was lost after {came} of {expected or 'unknown'} bytes of the body.")


__all__: list[Any] = ["asgi"]
