"""The WSGI application of an `Api`, and the handling of one request: route, version, token, policy, body, one
transaction, reply."""

from collections.abc import Callable, Iterable
from typing import Any

import falcon
import msgspec
from sqlalchemy.exc import DataError

from kumoi.kernel import clock, log, versions
from kumoi.kernel.bodies import TOO_DEEP, check_accept, check_depth, check_numbers, decode_body, read_body, take_rest
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import ApiError, BadRequest, MethodNotAllowed, NotFound
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
    set_header,
    whole_rest,
)
from kumoi.kernel.idempotency import Once, Rendered
from kumoi.kernel.queries import Nothing, parse_query, read_query, refuse_unknown
from kumoi.kernel.routes import Reply, Route, Service
from kumoi.kernel.versions import Version
from kumoi.kernel.who import NOBODY, Who

FORMAT = ".json"


def wsgi(api: Api) -> falcon.App:  # type: ignore[type-arg]
    """An application of all routes whose mode is not `stream`."""
    app = _App(independent_middleware=True)
    app.req_options.strip_url_path_trailing_slash = True
    app.req_options.keep_blank_qs_values = True
    by_path: dict[str, tuple[Service, list[Route]]] = {}
    for service in api.services:
        for route in service.each():
            if route.mode != "stream":
                by_path.setdefault(service.prefix + route.path, (service, []))[1].append(route)
    for path, (service, routes) in by_path.items():
        resource = _Resource(api, service, routes)
        app.add_route(path or "/", resource)
        below = path.removeprefix(service.prefix)
        if service.format_in_path and path[-1] not in "/}":
            app.add_route(path + FORMAT, resource)
        if service.project_in_path:
            app.add_route(f"{service.prefix}/{{project_in_path}}{below}", resource)
        for prefix, version in service.older.items():
            resource = _Resource(api, service, routes, version)
            app.add_route(prefix + below, resource)
            if service.project_in_path:
                app.add_route(f"{prefix}/{{project_in_path}}{below}", resource)
    for service in api.services:
        for path in dict.fromkeys((service.root, service.prefix, service.address, *service.older)):
            if path and path not in by_path:
                app.add_route(path, _Discovery(api, service, path))
    # The last route compiles the router here, so that processes that are forked afterwards share it.
    app.add_route(HEALTHCHECK, _Health(api), compile=True)

    def absent(req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        api.refuse(req, resp, NotFound(""))

    def refused(request: falcon.Request, response: falcon.Response, error: falcon.HTTPError, params: Any) -> None:
        api.refuse(request, response, of_framework(error, request.method), params)

    def unexpected(request: falcon.Request, response: falcon.Response, error: Exception, params: Any) -> None:
        log.fault(__name__, "request failed", path=log.without_secrets(request.path, params))
        api.send_refusal(request.path, response, ApiError(FAULT))

    app.add_sink(absent, "/")
    app.add_error_handler(falcon.HTTPError, refused)
    app.add_error_handler(Exception, unexpected)
    return app


class _App(falcon.App):  # type: ignore[type-arg]
    """Gives every request an id, reads the rest of its body, and logs one line."""

    def __call__(self, env: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        held = log.request_id.set(new_request_id())
        began = clock.monotonic()
        status = 0

        def start(line: str, *headers: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, *headers)

        try:
            body = super().__call__(env, start)
            take_rest(env)
            if (path := env.get(PATH) or env["PATH_INFO"]) != HEALTHCHECK:
                who: Who = env.get(WHO, NOBODY)
                log.answered(
                    __name__, service=env.get(SERVICE, ""), method=env["REQUEST_METHOD"], path=path, status=status,
                    began=began, user_id=who.user_id, project_id=who.project_id or "",
                )  # fmt: skip
            return body
        finally:
            log.request_id.reset(held)


class _Resource:
    """All routes of one path."""

    def __init__(self, api: Api, service: Service, routes: list[Route], spoken: Version | None = None) -> None:
        """`spoken`: the only version of this prefix; None: the version in the request."""
        self.api = api
        self.service = service
        self.spoken = spoken
        self.path = routes[0].path
        last = self.path.rpartition("/")[2]
        self.rest = routes[0].rest
        self.id_at_end = last.strip("{}") if service.format_in_path and last.endswith("_id}") else None
        self.by_method: dict[str, list[Route]] = {}
        for route in routes:
            self.by_method.setdefault(route.method, []).append(route)
        if "GET" in self.by_method:
            self.by_method.setdefault("HEAD", self.by_method["GET"])

    def _respond(self, request: falcon.Request, response: falcon.Response, **path: str) -> None:
        service, api = self.service, self.api
        request_id = log.request_id.get()
        note(request, service, request.path, path)
        version: Version | None = None
        try:
            version = self.spoken or api.version_of(service, request.get_header)
            self._answer(request, response, request_id, version, path)
        except ApiError as error:
            api.send_error(response, service, request_id, error, version)
        except falcon.HTTPError as error:
            api.send_error(response, service, request_id, of_framework(error, request.method), version)
        except (DataError, OverflowError):  # SQLite's driver rejects these values itself; PostgreSQL's server does
            log.fault(__name__, "a value does not fit its column", method=request.method, path=request.env[PATH])
            api.send_error(response, service, request_id, BadRequest(OUT_OF_RANGE), version)
        except Exception:
            log.fault(__name__, "request failed", method=request.method, path=request.env[PATH])
            api.send_error(response, service, request_id, ApiError(FAULT), version)

    on_get = on_post = on_put = on_patch = on_delete = on_head = _respond

    def on_options(self, request: falcon.Request, response: falcon.Response, **path: str) -> None:
        if "OPTIONS" in self.by_method:
            self._respond(request, response, **path)
            return
        note(request, self.service, request.path, path)
        response.set_header("Allow", ", ".join(sorted({*self.by_method, "OPTIONS"})))
        self.api.send_frame(response, self.service, log.request_id.get(), None)

    def _answer(
        self, request: falcon.Request, response: falcon.Response, request_id: str, version: Version | None,
        path: dict[str, str],
    ) -> None:  # fmt: skip
        service, api = self.service, self.api
        if self.rest:
            path[self.rest] += whole_rest(request.env["PATH_INFO"])
        if self.id_at_end:
            path[self.id_at_end] = path[self.id_at_end].removesuffix(FORMAT)
        token = request.get_header("X-Auth-Token")
        candidates = self.by_method.get(request.method)
        raw = b""
        slashed = request.env["PATH_INFO"].endswith("/")
        of_item = slashed and self.path in service.items_at_slash and request.method in ("GET", "HEAD")
        if not candidates or of_item:
            note_who(request, api.authenticate(api.database, token or ""))
            if slashed:  # an item with an empty id
                raise NotFound(service.absent)
            raise MethodNotAllowed(
                f"The method {request.method} is not allowed for this resource.",
                headers={"Allow": ", ".join(sorted(self.by_method))},
            )
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            raw = read_body(request)
        if candidates[0].action is not None and candidates[0].policy.token:
            api.authenticate(api.database, token or "")  # callers without a token learn nothing about actions
        route = self._choose(candidates, version, raw)
        request.env[MATCHED] = service, route, version
        who = api.identify(route, token)
        note_who(request, who)
        if service.negotiates and route.reply not in (None, bytes):
            check_accept(request.get_header("Accept"))
        check_depth(raw)
        check_numbers(raw)
        if path.pop("project_in_path", who.project_id) != who.project_id:
            raise BadRequest("Malformed request url: the project in it is not that of the token.")
        asked = Request(service, route, request_id)
        asked.who, asked.version, asked.token, asked.raw = who, version, token or "", raw
        asked.base_url = api.base_url(request)
        asked.authenticate = api.authenticate
        asked.url_path = request.path
        asked.sent_path = request.env["PATH_INFO"].encode("latin-1")
        asked.headers = _headers(request.env)
        asked.database, asked.settings, asked._engines = api.database, api.settings, api.engines
        arguments: dict[str, Any] = dict(path)
        refuse_nul(path, service)
        once: Once | None = None
        if request.method == "POST" and route.mode == "write" and who.user_id and api.keys:
            key = request.get_header("Idempotency-Key")
            if key is not None:
                once = Once(api.keys, who, f"{service.type} {request.path} {route.name}", key, raw)
        if request.query_string:
            asked.params = parse_query(request.query_string)
        if route.policy.signed:
            note_who(request, prove(asked))
        if route.query is not None and route.query is not Nothing:
            closed = route.closed_query or (service.microversions and service.microversions.closed_queries)
            if asked.params and closed and version and version in closed:
                refuse_unknown(asked.params, route.query, version)
            arguments["query"] = read_query(asked.params, route.query, version)
        elif asked.params and version and service.microversions:
            closed = service.microversions.closed_without_query
            if closed and version in closed:
                refuse_unknown(asked.params, Nothing, version)
        if route.body is not None and not route.raw_body:
            decode = route.decode or service.decode or decode_body
            arguments["body"] = decode(request.content_type, raw, route, version)

        def work(tx: Transaction) -> Rendered:
            tx.declared_quota = route.quota
            asked._tx = tx
            if once and (answered := once.found(tx)):
                return answered
            rendered = _render(route, asked, route.handler(asked, **arguments))
            if once:
                once.keep(tx, rendered)
            return rendered

        if route.mode == "live":
            rendered = _render(route, asked, route.handler(asked, **arguments))
        elif route.mode == "write":
            answered = self._prepare(asked, route, arguments, once) if route.before else None
            rendered = answered or api.database.write(work)
        else:
            rendered = api.database.read(work)
        self._send(response, asked, rendered)

    def _prepare(self, asked: Request, route: Route, arguments: dict[str, Any], once: Once | None) -> Rendered | None:
        """Run `before`, or return the stored answer of the Idempotency-Key. The answer may also appear while `before`
        runs; then `before` may have failed because of what the first request created."""
        assert route.before is not None
        found = once.found if once else lambda _tx: None
        if answered := asked.database.read(found):
            return answered
        try:
            arguments["prepared"] = route.before(asked, **arguments)
        except ApiError:
            if answered := asked.database.read(found):
                return answered
            raise
        return None

    def _choose(self, candidates: list[Route], version: Version | None, raw: bytes) -> Route:
        if candidates[0].action is not None:
            return self._choose_action(candidates, version, raw)
        for route in candidates:
            if route.versions is None or version is None or version in route.versions:
                return route
        raise NotFound(self.service.absent)

    @staticmethod
    def _choose_action(candidates: list[Route], version: Version | None, raw: bytes) -> Route:
        try:
            body = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BadRequest("Malformed request body: it is not JSON.") from None
        except RecursionError:
            raise BadRequest(TOO_DEEP) from None
        if not isinstance(body, dict) or len(body) != 1:
            raise BadRequest("The request body must be an object with exactly one action.")
        (name,) = body
        for route in candidates:
            if route.action == name and (route.versions is None or version is None or version in route.versions):
                return route
        raise BadRequest(f"There is no such action: {name[:100]}")

    def _send(self, response: falcon.Response, asked: Request, rendered: Rendered) -> None:
        response.status = rendered.status
        for name, value in rendered.headers.items():
            set_header(response, name, value)
        if rendered.file is not None:
            response.set_header("X-Accel-Redirect", rendered.file)
        if rendered.data:
            response.data = rendered.data
        if rendered.content_type:
            response.content_type = rendered.content_type
        self.api.send_frame(response, self.service, asked.id, asked.version, sandboxed=asked.is_sandboxed)


_names: dict[str, str] = {}
"""Key of an environ → name of the header, in lower case."""


def _headers(env: dict[str, Any]) -> dict[str, str]:
    """Faster than Falcon's, which changes the names in every request."""
    found = {}
    for key, value in env.items():
        if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = _names.get(key)
            if name is None:
                name = key.removeprefix("HTTP_").replace("_", "-").lower()
                if len(_names) < 1000:
                    _names[key] = name
            found[name] = value
    return found


def _render(route: Route, asked: Request, result: Any) -> Rendered:
    reply = result if isinstance(result, Reply) else Reply(result)
    data, content_type = b"", ""
    if reply.file is not None:
        content_type = reply.content_type or "application/octet-stream"
    elif reply.raw is not None:
        data, content_type = reply.raw, reply.content_type or "text/plain; charset=utf-8"
    elif reply.body is not None:
        body = versions.shrink(reply.body, route.reply, asked.version) if route.reply else reply.body
        data, content_type = msgspec.json.encode(body), reply.content_type or "application/json"
    return Rendered(reply.status or route.status, dict(reply.headers), data, content_type, reply.file)


class _Discovery:
    def __init__(self, api: Api, service: Service, path: str) -> None:
        self.api, self.service, self.path = api, service, path

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        body = self.service.discovery(self.service, self.api.base_url(request))
        response.content_type = "application/json"
        if self.path in self.service.older:
            ours = [v for v in body["versions"] if v["links"][0]["href"].endswith(f"{self.path}/")]
            response.data = msgspec.json.encode({"version": {**body["version"], **ours[0]}})
        elif self.path == self.service.prefix and self.path != self.service.root:
            response.data = msgspec.json.encode({"version": body["version"]} if "version" in body else body)
        else:
            response.status = self.service.discovery_status
            response.data = msgspec.json.encode({"versions": body["versions"]})
        note(request, self.service, request.path, {})
        Api.send_frame(response, self.service, log.request_id.get(), None)

    on_head = on_get


class _Health:
    def __init__(self, api: Api) -> None:
        self.api = api

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        healthy = self.api.health()
        response.status = 200 if healthy else 503
        response.content_type = "text/plain"
        response.text = "OK" if healthy else "unhealthy"
