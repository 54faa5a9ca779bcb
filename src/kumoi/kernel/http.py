"""The request as handlers see it, and what `kernel/wsgi.py` and `kernel/streams.py` share: version, caller, policy, and
errors in the service's shape."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

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
    media_type,
    of_status,
)
from kumoi.kernel.queries import read_query
from kumoi.kernel.routes import Route, Service
from kumoi.kernel.settings import Settings
from kumoi.kernel.tokens import Keys
from kumoi.kernel.versions import Version
from kumoi.kernel.who import NOBODY, Who

FAULT = "An unexpected error prevented the server from fulfilling your request."
OUT_OF_RANGE = "A value in the request is too long or out of range."
HEALTHCHECK = "/healthcheck"
SANDBOX = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts"
"""Without `allow-same-origin`: the page is of no origin, and no cookie or script of another page is at its reach."""
_IN_PATHS = "/:@!$&'()*+,;=~"
"""Characters that a path has unencoded, besides letters, digits and `-._`."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "COPY"})


class Authenticator(Protocol):
    def __call__(self, database: Database, token: str) -> Who:
        """The current caller of the token; Unauthorized if it is invalid."""


class Request:
    """A request, as a handler sees it. `tx` exists only in modes read and write, and not in `before`. `body` and
    `query` are arguments of the handler."""

    __slots__ = (
        "_engines",
        "_tx",
        "authenticate",
        "base_url",
        "database",
        "headers",
        "id",
        "params",
        "proof",
        "raw",
        "route",
        "sent_path",
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
        self.sent_path = b""
        """The decoded path with the slash at its end, which signatures cover."""
        self.proof: Any = None
        """What the service's `identify` found besides the caller."""
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

    @property
    def in_transaction(self) -> bool:
        return self._tx is not None

    def engine(self, kind: type[Any]) -> Any:
        """An engine, for live routes and for `before`."""
        if self._tx is not None:
            raise RuntimeError("engines must not be called inside a transaction")
        return self._engines(kind)

    @property
    def keys(self) -> Keys:
        """The cloud's keys, which seal secrets that are stored and returned. They call no engine, so they may be used
        inside a transaction."""
        keys: Keys = self._engines(Keys)
        return keys

    def query(self) -> Any:
        """The query of a stream's route, as declared. Handlers of other routes get it as an argument."""
        assert self.route is not None
        return read_query(self.params, self.route.query, self.version)

    def as_if(self, service: Service, route: Route, tx: Transaction | None) -> "Request":
        """A request of the same caller for another route, in its newest version, within `tx`; None: for a live route."""
        other = Request(service, route, self.id)
        for name in ("who", "token", "base_url", "authenticate", "url_path", "database", "settings", "_engines"):
            setattr(other, name, getattr(self, name))
        other.version = service.microversions.maximum if service.microversions else None
        other._tx = tx
        return other

    def behaves(self, name: str) -> bool:
        """Whether a named behaviour of the service applies in the caller's version."""
        marks = self.service.microversions
        assert marks is not None and self.version is not None
        return self.version in marks.behaviours[name]

    @property
    def is_sandboxed(self) -> bool:
        """Whether a page in its answer is to have an origin of its own."""
        own_origin = self.service.own_origin
        at_own = own_origin is not None and own_origin(self.settings, self.headers.get("host", ""))
        return self.service.is_sandboxed and not at_own

    def origin(self) -> dict[str, Any]:
        """The keyword arguments for operations.begin."""
        return {"request_id": self.id, "user_id": self.who.user_id, "project_id": self.who.project_id}

    def link(self, path: str) -> str:
        """An absolute URL below the service's prefix. `path` is percent-encoded here."""
        return f"{self.base_url}{self.service.prefix}{quote(path, safe=_IN_PATHS)}"

    def link_after(self, marker: str) -> str:
        """The absolute URL of the same list after `marker`."""
        return self.link_again(marker=marker)

    def link_again(self, **changed: str) -> str:
        """The absolute URL of this request with changed parameters."""
        again = {**self.params, **{name: [value] for name, value in changed.items()}}
        return f"{self.base_url}{self.url_path}" + (f"?{urlencode(again, doseq=True)}" if again else "")


class Api:
    """The common part of the processes that serve routes (`kernel/wsgi.py`, `kernel/streams.py`)."""

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
        """`keys` seal the answers that are stored for an Idempotency-Key. Without them the header is ignored."""
        self.services = list(services)
        self.database = database
        self.authenticate = authenticate
        self.settings = settings
        self.engines = engines
        self.health = health
        self.keys = keys

    def base_url(self, request: Any) -> str:
        """The base of links in replies: the setting `public_url`, or else the client's Host. Accepts Falcon's WSGI and
        ASGI requests."""
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
        """Answers requests without a route or with a wrong method. Callers without a token get 401, unless the service
        reveals its paths to everybody."""
        service = self.service_at(request.path)
        note(request, service, request.path, params or {})
        if service is not None and not (service.open_absence and error.status == 404):
            try:
                note_who(request, self.authenticate(self.database, request.get_header("X-Auth-Token") or ""))
            except ApiError as stranger:
                error = stranger
        self.send_refusal(request.path, response, error)

    def send_refusal(self, path: str, response: falcon.Response, error: ApiError) -> None:
        """In the error shape of the service whose root contains `path`. A 404 without a text gets the service's own
        text."""
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
        response.content_type = media_type(rendered)
        response.data = rendered.encode() if isinstance(rendered, str) else msgspec.json.encode(rendered)
        for name, value in error.headers.items():
            set_header(response, name, value)
        if isinstance(error, Unauthorized):
            response.set_header("WWW-Authenticate", f'Keystone uri="{self.settings.base_url}/identity"')
        self.send_frame(response, service, request_id, version)

    @staticmethod
    def send_frame(
        response: falcon.Response, service: Service, request_id: str, version: Version | None, *, sandboxed: bool = True
    ) -> None:
        """`sandboxed`: no, although answers of the service are."""
        for name in service.request_id_headers:
            response.set_header(name, request_id)
        if service.is_sandboxed and sandboxed:
            response.set_header("Content-Security-Policy", SANDBOX)
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
        """The caller, allowed by the route's policy. NOBODY if the request is signed: `prove` finds who signed it."""
        if route.policy.signed:
            return NOBODY
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


def set_header(response: falcon.Response, name: str, value: str) -> None:
    """Falcon has cookies appended, because a response may set several."""
    (response.append_header if name == "Set-Cookie" else response.set_header)(name, value)


def prove(request: Request) -> Who:
    """The caller of a request, which is signed if the route's policy says so."""
    assert request.route is not None
    if request.route.policy.signed:
        assert request.service.identify is not None
        request.who = request.service.identify(request)
    return request.who


SERVICE, PATH, WHO = "kumoi.service", "kumoi.path", "kumoi.who"
"""Keys in a request's environ (WSGI) or scope (ASGI), for its line in the log."""
MATCHED = "kumoi.matched"
"""A key in the same place: the service, the route and the version of the request."""


def note(request: Any, service: Service | None, path: str, named: Mapping[str, str]) -> None:
    """Store the request's caller and target for the log. `named`: the parameters of the path, some of which are
    secrets."""
    kept = _kept(request)
    kept[SERVICE] = service.type if service else ""
    kept[PATH] = log.without_secrets(path, named) if named else path


def note_who(request: Any, who: Who) -> None:
    _kept(request)[WHO] = who


def _kept(request: Any) -> dict[str, Any]:
    """The environ or scope of a Falcon request."""
    kept: dict[str, Any] = request.scope if hasattr(request, "scope") else request.env
    return kept


def refuse_nul(path: Mapping[str, str], service: Service) -> None:
    """NotFound if a part of a path has a NUL character, which no id has and not every database accepts."""
    if any("\0" in value for value in path.values()):
        raise NotFound(service.absent)


def whole_rest(path: str) -> str:
    """What Falcon took from the end of a path whose last part may end in a slash."""
    return "/" if path.endswith("/") else ""


def of_framework(error: falcon.HTTPError, method: str) -> ApiError:
    """Convert Falcon's own error to one of ours. For an unknown HTTP method Falcon only says 400."""
    status = int(str(error.status)[:3])
    if status == 405 or method not in _METHODS:
        allowed = {name: value for name, value in dict(error.headers or {}).items() if name.lower() == "allow"}
        return MethodNotAllowed(f"The method {method[:20]} is not allowed for this resource.", headers=allowed)
    return of_status(status, str(error.description or error.title or "The request is not valid."))


def new_request_id() -> str:
    return f"req-{randomness.new_uuid()}"
