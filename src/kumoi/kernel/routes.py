"""What a service offers: routes with their policy, quota, versions and shapes declared on them; everything else follows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict, Unpack

from kumoi.kernel import rooms
from kumoi.kernel.errors import ApiError
from kumoi.kernel.policy import Policy
from kumoi.kernel.versions import Microversions, Span, Version

Handler = Callable[..., Any]
Mode = Literal["read", "write", "live", "stream"]
BodyDecoder = Callable[[str | None, bytes, "Route", Version | None], Any]
"""(content type, body, route, version) → what the handler gets as `body`; see bodies.decode_body."""


@dataclass(frozen=True)
class Route:
    """One thing a client may ask. `path` is below the service's prefix. `mode`: `read` and `write` run in one transaction
    (`request.tx`), `live` in none (`request.database`), `stream` in the streams process (async, bodies of any size)."""

    method: str
    path: str
    handler: Handler
    policy: Policy
    mode: Mode
    body: Any = None
    decode: BodyDecoder | None = None
    """How the body is read, where that differs from the service's `decode`."""
    media_types: tuple[str, ...] = ("application/json",)
    """Of the body, for the description; whoever decodes it checks them."""
    query: Any = None
    """A struct that the query is decoded into, a `queries.Query` that the service reads itself, or `queries.Nothing`."""
    closed_query: Span | None = None
    """When parameters that are not in `query` are refused, where that differs from the service's `closed_queries`."""
    reply: Any = None
    status: int = 200
    versions: Span | None = None
    action: str | None = None
    """The key of the body of `POST …/action`; the handler gets what stands under it."""
    quota: frozenset[str] = frozenset()
    """Resources it may take."""
    errors: tuple[int, ...] = ()
    """Statuses besides 400, 401, 403, 404 that it documents."""
    before: Handler | None = None
    """Of a `write` route: what is slow, or asks an engine. It runs outside any transaction with the handler's own
    arguments, which then gets what it gave as `prepared`; it writes nothing, and does not run when an Idempotency-Key
    already has its answer."""
    raw_body: bool = False
    """The body is bytes, which the handler reads itself; JSON is not expected."""

    @property
    def name(self) -> str:
        """`keypairs.create`: the resource's folder and the handler."""
        return f"{self.handler.__module__.split('.')[-2]}.{self.handler.__name__}"


class Options(TypedDict, total=False):
    """What a route may declare besides its path, policy, mode and status; see Route."""

    body: Any
    decode: BodyDecoder | None
    media_types: tuple[str, ...]
    query: Any
    closed_query: Span | None
    reply: Any
    versions: Span | None
    quota: Iterable[str]
    errors: tuple[int, ...]
    before: Handler | None
    raw_body: bool


class Routes:
    """The routes of one resource, filled by decorators in its api.py."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def _add(
        self,
        method: str,
        path: str,
        mode: Mode,
        status: int,
        policy: Policy,
        action: str | None = None,
        **options: Unpack[Options],
    ) -> Callable[[Handler], Handler]:
        declared: dict[str, Any] = {**options, "quota": frozenset(options.get("quota", ()))}

        def register(handler: Handler) -> Handler:
            self.all.append(Route(method, path, handler, policy, mode, status=status, action=action, **declared))
            return handler

        return register

    def get(
        self, path: str, *, policy: Policy, mode: Mode = "read", status: int = 200, **options: Unpack[Options]
    ) -> Callable[[Handler], Handler]:
        """HEAD is answered by the same handler."""
        return self._add("GET", path, mode, status, policy, **options)

    def post(
        self, path: str, *, policy: Policy, mode: Mode = "write", status: int = 201, **options: Unpack[Options]
    ) -> Callable[[Handler], Handler]:
        return self._add("POST", path, mode, status, policy, **options)

    def put(
        self, path: str, *, policy: Policy, mode: Mode = "write", status: int = 200, **options: Unpack[Options]
    ) -> Callable[[Handler], Handler]:
        return self._add("PUT", path, mode, status, policy, **options)

    def patch(
        self, path: str, *, policy: Policy, mode: Mode = "write", status: int = 200, **options: Unpack[Options]
    ) -> Callable[[Handler], Handler]:
        return self._add("PATCH", path, mode, status, policy, **options)

    def delete(
        self, path: str, *, policy: Policy, mode: Mode = "write", status: int = 204, **options: Unpack[Options]
    ) -> Callable[[Handler], Handler]:
        return self._add("DELETE", path, mode, status, policy, **options)

    def head(
        self, path: str, *, policy: Policy, mode: Mode = "read", status: int = 200, **options: Unpack[Options]
    ) -> Callable[[Handler], Handler]:
        """Only where HEAD differs from GET."""
        return self._add("HEAD", path, mode, status, policy, **options)

    def websocket(self, path: str, *, policy: Policy) -> Callable[[Handler], Handler]:
        """In the streams process: `async def handler(asked, socket, **path)`."""
        return self._add("WEBSOCKET", path, "stream", 101, policy)

    def action(
        self,
        path: str,
        name: str,
        *,
        policy: Policy,
        mode: Mode = "write",
        status: int = 202,
        **options: Unpack[Options],
    ) -> Callable[[Handler], Handler]:
        """`POST path` with a body `{name: …}`."""
        return self._add("POST", path, mode, status, policy, action=name, **options)


class Below:
    """The `routes` of every resource in a service's package, from `<package>.<resource>.<room>`; imported when they are
    asked for."""

    def __init__(self, package: str, room: str = "api") -> None:
        self.package, self.room = package, room

    def __iter__(self) -> Iterator[Routes]:
        return iter([module.routes for module in rooms.each(self.package, self.room)])


def below(package: str, room: str = "api") -> Below:
    return Below(package, room)


@dataclass(frozen=True)
class Reply:
    """A handler's answer where status or headers differ from the declared; `file` is sent by the front (X-Accel-Redirect)."""

    body: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None
    raw: bytes | None = None
    content_type: str | None = None


@dataclass(frozen=True)
class Service:
    """A service as `service.py` declares it. `render_error` gives the JSON body of an error in the service's own shape."""

    type: str
    """OpenStack's service type with underscores, as its folder: `block_storage`."""
    name: str
    """The code name that catalogues carry: nova."""
    prefix: str
    """`/compute/v2.1`: where its routes begin."""
    root: str
    """`/compute`: where its discovery answers."""
    catalog_type: str
    """`compute`, `volumev3` …"""
    catalog_path: str
    """What the catalogue's URL ends in; may hold `{project_id}`."""
    routes: Iterable[Routes]
    render_error: Callable[[ApiError], Any]
    discovery: Callable[["Service", str], Any]
    """(service, base URL) → body of `GET root` (300 or 200) and `GET prefix`: {"versions": […]} and {"version": {…}}."""
    streams: Iterable[Routes] = ()
    """Those of mode `stream`: all that the streams process loads."""
    discovery_status: int = 300
    decode: BodyDecoder | None = None
    """How its JSON bodies are read, where it takes more than the kernel does or has its own words for what is wrong."""
    microversions: Microversions | None = None
    over_quota_status: int = 403
    request_id_headers: tuple[str, ...] = ("x-openstack-request-id",)
    tables: str = ""
    """Prefix of its tables."""
    default_version: Version | None = None
    absent: str = "The resource could not be found."
    catalog_also: tuple[str, ...] = ()
    """Further types under which the catalogue carries it: block storage is `volumev3` and `block-storage`."""
    catalog_names: Mapping[str, str] = field(default_factory=dict)
    """Catalogue type → its name there, where that is not `name`."""
    project_in_path: bool = False
    """Every route answers below `prefix/{project id}` too, for the project of the token: the older URLs of block storage
    and compute."""

    address: str = ""
    """Where people are told that it answers; empty: at its prefix."""
    older: Mapping[str, Version] = field(default_factory=dict)
    """Further prefixes of the same routes, each spoken in one version, whatever a request's header says."""
    format_in_path: bool = False
    """A route answers also where its path, or the id at its end, has `.json` behind it."""
    open_absence: bool = False
    """A path that it does not have is not found (404) for callers without a token too, who else get 401."""

    def __post_init__(self) -> None:
        declared[self.type] = self

    def each(self) -> list[Route]:
        return [route for routes in (*self.routes, *self.streams) for route in routes.all]

    def streaming(self) -> list[Route]:
        return [route for routes in self.streams for route in routes.all]


declared: dict[str, Service] = {}
"""Every service by its type, registered by being made; identity fills the catalogue of a new cloud from it."""
