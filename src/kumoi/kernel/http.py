"""The way of every request: route, version, token, policy, body, one transaction, reply; errors in the service's shape."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import falcon
import msgspec
from sqlalchemy.exc import DataError

from kumoi.kernel import clock, log, randomness, versions
from kumoi.kernel.bodies import TOO_DEEP, check_depth, check_numbers, decode_body, read_body, take_rest
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.errors import (
    ApiError,
    BadRequest,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    OverQuota,
    PolicyForbids,
    Unauthorized,
    Unavailable,
    of_status,
)
from kumoi.kernel.idempotency import Once, Rendered
from kumoi.kernel.queries import Nothing, parse_query, read_query, refuse_unknown
from kumoi.kernel.routes import Reply, Route, Service
from kumoi.kernel.settings import Settings
from kumoi.kernel.tokens import Keys
from kumoi.kernel.versions import Version
from kumoi.kernel.who import NOBODY, Who

FAULT = "An unexpected error prevented the server from fulfilling your request."
OUT_OF_RANGE = "A value in the request is too long or out of range."
HEALTHCHECK = "/healthcheck"
FORMAT = ".json"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Authenticator(Protocol):
    def __call__(self, database: Database, token: str) -> Who:
        """Who the token stands for, now; Unauthorized when for nobody."""


class Request:
    """What a handler may know. `tx` only in modes read and write, and not in what runs before them; `body` and `query`
    arrive as arguments."""

    __slots__ = (
        "_engines",
        "_tx",
        "authenticate",
        "base_url",
        "database",
        "headers",
        "id",
        "params",
        "raw",
        "route",
        "service",
        "settings",
        "token",
        "url_path",
        "version",
        "who",
    )  # fmt: skip

    def __init__(self, service: Service, route: Route | None, request_id: str) -> None:
        self.service = service
        self.route = route
        self.id = request_id
        self.who: Who = NOBODY
        self.version: Version | None = None
        self.token = ""
        self.raw: bytes = b""
        self.params: dict[str, list[str]] = {}
        self.headers: dict[str, str] = {}
        self.base_url = ""
        self.url_path = ""
        self.database: Database
        self.settings: Settings
        self._tx: Transaction | None = None
        self.authenticate: Authenticator
        self._engines: Callable[[type[Any]], Any]

    @property
    def tx(self) -> Transaction:
        if self._tx is None:
            raise RuntimeError("a live route has no transaction; use request.database")
        return self._tx

    def engine(self, kind: type[Any]) -> Any:
        """An engine, for live routes and what runs before a transaction."""
        if self._tx is not None:
            raise RuntimeError("no engine is asked inside a transaction")
        return self._engines(kind)

    @property
    def keys(self) -> Keys:
        """The cloud's, which seal secrets that are kept and given back. They ask nobody, so also inside a transaction."""
        keys: Keys = self._engines(Keys)
        return keys

    def behaves(self, name: str) -> bool:
        """Whether a named behaviour of the service holds in the caller's version."""
        marks = self.service.microversions
        assert marks is not None and self.version is not None
        return self.version in marks.behaviours[name]

    def origin(self) -> dict[str, Any]:
        """The keyword arguments that operations.begin wants."""
        return {"request_id": self.id, "user_id": self.who.user_id, "project_id": self.who.project_id}

    def link(self, path: str) -> str:
        """An absolute URL below the service's prefix."""
        return f"{self.base_url}{self.service.prefix}{path}"

    def link_after(self, marker: str) -> str:
        """The absolute URL of the same list, as it was asked for, after `marker`."""
        return self.link_again(marker=marker)

    def link_again(self, **changed: str) -> str:
        """The absolute URL that was asked for, with these parameters changed."""
        again = {**self.params, **{name: [value] for name, value in changed.items()}}
        return f"{self.base_url}{self.url_path}" + (f"?{urlencode(again, doseq=True)}" if again else "")


class Api:
    """Builds the Falcon application that serves the services' routes."""

    def __init__(
        self,
        services: Iterable[Service],
        database: Database,
        authenticate: Authenticator,
        settings: Settings,
        engines: Callable[[type[Any]], Any],
        health: Callable[[], bool] = lambda: True,
        keys: Keys | None = None,
    ) -> None:
        """`keys` seal the answers kept for an Idempotency-Key; without them the header is not heeded."""
        self.services = list(services)
        self.database = database
        self.authenticate = authenticate
        self.settings = settings
        self.engines = engines
        self.health = health
        self.keys = keys

    def wsgi(self) -> falcon.App:  # type: ignore[type-arg]
        app = _App(independent_middleware=True)
        app.req_options.strip_url_path_trailing_slash = True
        app.req_options.keep_blank_qs_values = True
        by_path: dict[str, tuple[Service, list[Route]]] = {}
        for service in self.services:
            for route in service.each():
                if route.mode != "stream":
                    by_path.setdefault(service.prefix + route.path, (service, []))[1].append(route)
        for path, (service, routes) in by_path.items():
            resource = _Resource(self, service, routes)
            app.add_route(path or "/", resource)
            below = path.removeprefix(service.prefix)
            if service.format_in_path and path[-1] not in "/}":
                app.add_route(path + FORMAT, resource)
            if service.project_in_path:
                app.add_route(f"{service.prefix}/{{project_in_path}}{below}", resource)
            for prefix, version in service.older.items():
                resource = _Resource(self, service, routes, version)
                app.add_route(prefix + below, resource)
                if service.project_in_path:
                    app.add_route(f"{prefix}/{{project_in_path}}{below}", resource)
        for service in self.services:
            for path in dict.fromkeys((service.root, service.prefix, service.address, *service.older)):
                if path and path not in by_path:
                    app.add_route(path, _Discovery(self, service, path))
        app.add_route(HEALTHCHECK, _Health(self))
        app.add_sink(self._absent, "/")
        app.add_error_handler(falcon.HTTPError, self._refused)
        app.add_error_handler(Exception, self._unexpected)
        return app

    def base_url(self, request: Any) -> str:
        """Of the links in replies, for a request to Falcon's WSGI or ASGI side: what the settings say, or else the client."""
        # The address of a websocket is that of the page that opens it.
        scheme = str(request.forwarded_scheme).replace("ws", "http")
        return self.settings.public_url or f"{scheme}://{request.forwarded_host}"

    def service_at(self, path: str) -> Service | None:
        return next((s for s in self.services if path == s.root or path.startswith(s.root + "/")), None)

    def _absent(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        self.refuse(req, resp, NotFound(""))

    def _refused(
        self, request: falcon.Request, response: falcon.Response, error: falcon.HTTPError, params: Any
    ) -> None:
        self.refuse(request, response, of_framework(error, request.method), params)

    def _unexpected(self, request: falcon.Request, response: falcon.Response, error: Exception, params: Any) -> None:
        log.fault(__name__, "request failed", path=log.without_secrets(request.path, params))
        self.send_refusal(request.path, response, ApiError(FAULT))

    def refuse(
        self,
        request: falcon.Request,
        response: falcon.Response,
        error: ApiError,
        params: Mapping[str, str] | None = None,
    ) -> None:
        """What has no route, or no such method: strangers are told no more than that they are strangers, unless the
        service tells everybody which paths it has."""
        service = self.service_at(request.path)
        note(request, service, request.path, params or {})
        if service is not None and not (service.open_absence and error.status == 404):
            try:
                note_who(request, self.authenticate(self.database, request.get_header("X-Auth-Token") or ""))
            except ApiError as stranger:
                error = stranger
        self.send_refusal(request.path, response, error)

    def send_refusal(self, path: str, response: falcon.Response, error: ApiError) -> None:
        """In the shape of the service below whose root `path` lies; a 404 without a text has the service's own."""
        service, request_id = self.service_at(path), log.request_id.get()
        if service is not None:
            error.message = error.message or service.absent
            self.send_error(response, service, request_id, error, None)
            return
        message = error.message or "Nothing here."
        response.status = error.status
        response.data = msgspec.json.encode({"error": {"code": error.status, "title": error.title, "message": message}})
        response.content_type = "application/json"
        response.set_header("x-openstack-request-id", request_id)

    def send_error(
        self, response: falcon.Response, service: Service, request_id: str, error: ApiError, version: Version | None
    ) -> None:
        if isinstance(error, OverQuota):
            error.status = service.over_quota_status
            error.title = of_status(error.status, "").title
        response.status = error.status
        response.content_type = "application/json"
        rendered = service.render_error(error)
        response.data = msgspec.json.encode(rendered)
        for name, value in error.headers.items():
            response.set_header(name, value)
        if isinstance(error, Unauthorized):
            response.set_header("WWW-Authenticate", f'Keystone uri="{self.settings.base_url}/identity"')
        self.send_frame(response, service, request_id, version)

    @staticmethod
    def send_frame(response: falcon.Response, service: Service, request_id: str, version: Version | None) -> None:
        for name in service.request_id_headers:
            response.set_header(name, request_id)
        marks = service.microversions
        if marks:
            said = versions.text(version or marks.minimum)
            response.set_header("OpenStack-API-Version", f"{marks.service_type} {said}")
            response.append_header("Vary", "OpenStack-API-Version")
            if marks.legacy_header:
                response.set_header(marks.legacy_header, said)
                response.append_header("Vary", marks.legacy_header)

    # The pipeline proper, shared by the WSGI resources and the streams process.

    def version_of(self, service: Service, get_header: Callable[[str], str | None]) -> Version | None:
        marks = service.microversions
        if marks is None:
            return None
        asked = None
        for part in (get_header("OpenStack-API-Version") or "").split(","):
            kind, _, value = part.strip().partition(" ")
            if kind == marks.service_type:
                asked = value.strip()
        if asked is None and marks.legacy_header:
            asked = get_header(marks.legacy_header)
        if asked is None:
            return service.default_version or marks.minimum
        if asked == "latest":
            return marks.maximum
        try:
            version = versions.parse(asked)
        except ValueError:
            raise BadRequest(
                f"API Version String {asked[:40]} is of invalid format. Must be of format MajorNum.MinorNum."
            ) from None
        if not marks.minimum <= version <= marks.maximum:
            raise NotAcceptable(
                f"Version {asked} is not supported by the API. Minimum is {versions.text(marks.minimum)} and "
                f"maximum is {versions.text(marks.maximum)}."
            )
        return version

    def identify(self, route: Route, token: str | None) -> Who:
        """The caller, allowed by the route's policy."""
        if not route.policy.token and not token:
            return NOBODY
        if not token:
            raise Unauthorized("The request you have made requires authentication.")
        try:
            who = self.authenticate(self.database, token)
        except Unauthorized:
            if route.policy.token:
                raise
            return NOBODY
        if not route.policy.allows(who):
            raise PolicyForbids(route.name)
        return who


class _App(falcon.App):  # type: ignore[type-arg]
    """What every request gets, whoever answers it: an id, its body taken whole, a line in the log."""

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


SERVICE, PATH, WHO = "kumoi.service", "kumoi.path", "kumoi.who"
"""What a request's environ (WSGI) or scope (ASGI) keeps for its line in the log."""
MATCHED = "kumoi.matched"
"""In the same place: the service, the route and the version that a request was matched to."""


def note(request: Any, service: Service | None, path: str, named: Mapping[str, str]) -> None:
    """Whose request it is, and for what; `named`: the parts of the path, of which some are secrets."""
    kept = _kept(request)
    kept[SERVICE] = service.type if service else ""
    kept[PATH] = log.without_secrets(path, named) if named else path


def note_who(request: Any, who: Who) -> None:
    _kept(request)[WHO] = who


def _kept(request: Any) -> dict[str, Any]:
    """Of a request to Falcon's WSGI or ASGI side."""
    kept: dict[str, Any] = request.scope if hasattr(request, "scope") else request.env
    return kept


def refuse_nul(path: Mapping[str, str], service: Service) -> None:
    """NotFound where a part of a path has a character that no id has, and that not every database can be asked for."""
    if any("\0" in value for value in path.values()):
        raise NotFound(service.absent)


def of_framework(error: falcon.HTTPError, method: str) -> ApiError:
    """What Falcon itself refuses, as an error of ours; of a method that HTTP does not know it only says 400."""
    status = int(str(error.status)[:3])
    if status == 405 or method not in _METHODS:
        allowed = {name: value for name, value in dict(error.headers or {}).items() if name.lower() == "allow"}
        return MethodNotAllowed(f"The method {method[:20]} is not allowed for this resource.", headers=allowed)
    return of_status(status, str(error.description or error.title or "The request is not valid."))


class _Resource:
    """All routes of one path."""

    def __init__(self, api: Api, service: Service, routes: list[Route], spoken: Version | None = None) -> None:
        """`spoken`: the one version of this prefix; None: the one that is asked for."""
        self.api = api
        self.service = service
        self.spoken = spoken
        self.path = routes[0].path
        last = self.path.rpartition("/")[2]
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
        except (DataError, OverflowError):  # PostgreSQL refuses what SQLite's driver cannot even hand over
            log.fault(__name__, "a value does not fit its column", method=request.method, path=request.env[PATH])
            api.send_error(response, service, request_id, BadRequest(OUT_OF_RANGE), version)
        except Exception:
            log.fault(__name__, "request failed", method=request.method, path=request.env[PATH])
            api.send_error(response, service, request_id, ApiError(FAULT), version)

    on_get = on_post = on_put = on_patch = on_delete = on_head = _respond

    def on_options(self, request: falcon.Request, response: falcon.Response, **path: str) -> None:
        note(request, self.service, request.path, path)
        response.set_header("Allow", ", ".join(sorted({*self.by_method, "OPTIONS"})))
        self.api.send_frame(response, self.service, log.request_id.get(), None)

    def _answer(
        self, request: falcon.Request, response: falcon.Response, request_id: str, version: Version | None,
        path: dict[str, str],
    ) -> None:  # fmt: skip
        service, api = self.service, self.api
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
            api.authenticate(api.database, token or "")  # Strangers learn nothing about actions.
        route = self._choose(candidates, version, raw)
        request.env[MATCHED] = service, route, version
        who = api.identify(route, token)
        note_who(request, who)
        check_depth(raw)
        check_numbers(raw)
        if path.pop("project_in_path", who.project_id) != who.project_id:
            raise BadRequest("Malformed request url: the project in it is not that of the token.")
        asked = Request(service, route, request_id)
        asked.who, asked.version, asked.token, asked.raw = who, version, token or "", raw
        asked.base_url = api.base_url(request)
        asked.authenticate = api.authenticate
        asked.url_path = request.path
        asked.headers = {name.lower(): value for name, value in request.headers.items()}
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
        if route.query is not None and route.query is not Nothing:
            closed = route.closed_query or (service.microversions and service.microversions.closed_queries)
            if asked.params and closed and version and version in closed:
                refuse_unknown(asked.params, route.query, version)
            arguments["query"] = read_query(asked.params, route.query, version)
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
        """What runs before the transaction; instead of it, the answer that a key already has, also one that appeared
        while it ran: then it may have been refused for what the first request made."""
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
            response.set_header(name, value)
        if rendered.file is not None:
            response.set_header("X-Accel-Redirect", rendered.file)
        if rendered.data:
            response.data = rendered.data
        if rendered.content_type:
            response.content_type = rendered.content_type
        self.api.send_frame(response, self.service, asked.id, asked.version)


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


def new_request_id() -> str:
    return f"req-{randomness.new_uuid()}"


__all__ = ["Api", "Authenticator", "Request", "Unavailable", "clock"]
