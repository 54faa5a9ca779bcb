"""What a handler knows of a request; what `kernel/wsgi.py` and `kernel/streams.py` share: version, caller, policy, and errors
in the service's shape."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import falcon
import msgspec

from kumoi.kernel import log, randomness, versions
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
    of_status,
)
from kumoi.kernel.routes import Route, Service
from kumoi.kernel.settings import Settings
from kumoi.kernel.tokens import Keys
from kumoi.kernel.versions import Version
from kumoi.kernel.who import NOBODY, Who

FAULT = "An unexpected error prevented the server from fulfilling your request."
OUT_OF_RANGE = "A value in the request is too long or out of range."
HEALTHCHECK = "/healthcheck"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "COPY"})


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
            raise RuntimeError("engines must not be called inside a transaction")
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
    """What the processes that serve the services' routes share (`kernel/wsgi.py`, `kernel/streams.py`)."""

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

    def base_url(self, request: Any) -> str:
        """Of the links in replies, for a request to Falcon's WSGI or ASGI side: what the settings say, or else the client."""
        # The address of a websocket is that of the page that opens it.
        scheme = str(request.forwarded_scheme).replace("ws", "http")
        return self.settings.public_url or f"{scheme}://{request.forwarded_host}"

    def service_at(self, path: str) -> Service | None:
        return next((s for s in self.services if path == s.root or path.startswith(s.root + "/")), None)

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
        rendered = service.render_error(error)
        as_text = isinstance(rendered, str)
        response.content_type = "text/html; charset=UTF-8" if as_text else "application/json"
        response.data = rendered.encode() if as_text else msgspec.json.encode(rendered)
        for name, value in error.headers.items():
            response.set_header(name, value)
        if isinstance(error, Unauthorized):
            response.set_header("WWW-Authenticate", f'Keystone uri="{self.settings.base_url}/identity"')
        self.send_frame(response, service, request_id, version)

    @staticmethod
    def send_frame(response: falcon.Response, service: Service, request_id: str, version: Version | None) -> None:
        for name in service.request_id_headers:
            response.set_header(name, request_id)
        if service.headers:
            for name, value in service.headers(request_id).items():
                response.set_header(name, value)
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
            if route.policy.token or route.policy.service_decides:
                raise
            return NOBODY
        if not route.policy.allows(who):
            raise PolicyForbids(route.name)
        return who


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


def whole_rest(path: str) -> str:
    """What Falcon took from the end of a path whose last part may end in a slash."""
    return "/" if path.endswith("/") else ""


def of_framework(error: falcon.HTTPError, method: str) -> ApiError:
    """What Falcon itself refuses, as an error of ours; of a method that HTTP does not know it only says 400."""
    status = int(str(error.status)[:3])
    if status == 405 or method not in _METHODS:
        allowed = {name: value for name, value in dict(error.headers or {}).items() if name.lower() == "allow"}
        return MethodNotAllowed(f"The method {method[:20]} is not allowed for this resource.", headers=allowed)
    return of_status(status, str(error.description or error.title or "The request is not valid."))


def new_request_id() -> str:
    return f"req-{randomness.new_uuid()}"
