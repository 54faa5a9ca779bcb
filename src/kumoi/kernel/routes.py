"""Declares a service's routes with their policy, quota, versions and shapes. Everything else is derived from that."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from kumoi.kernel import rooms
from kumoi.kernel.errors import ApiError
from kumoi.kernel.policy import Policy
from kumoi.kernel.settings import Settings
from kumoi.kernel.versions import Microversions, Span, Version
from kumoi.kernel.who import Who

if TYPE_CHECKING:
    from kumoi.kernel.http import Request

Handler = Callable[..., Any]
Mode = Literal["read", "write", "live", "stream"]
BodyDecoder = Callable[[str | None, bytes, "Route", Version | None], Any]
"""(content type, body, route, version) → the handler's `body`; see bodies.decode_body."""


@dataclass(frozen=True)
class Route:
    """One request that clients may send. `path` is below the service's prefix; a last part
    `{name:path}` is the rest of it, slashes included, also at its end. `mode`: `read` and `write` run in one
    transaction (`request.tx`), `live` in none (`request.database`), `stream` in the streams process (async, bodies of
    any size)."""

    method: str
    path: str
    handler: Handler
    policy: Policy
    mode: Mode
    body: Any = None
    decode: BodyDecoder | None = None
    """The decoder of the body, if it differs from the service's `decode`."""
    media_types: tuple[str, ...] = ("application/json",)
    """The accepted media types, for the OpenAPI document. The decoder checks them."""
    query: Any = None
    """A struct that the query is decoded into, a `queries.Query` that the service reads itself, or `queries.Nothing`."""
    closed_query: Span | None = None
    """The versions in which parameters outside `query` are refused, if they differ from the service's
    `closed_queries`."""
    reply: Any = None
    status: int = 200
    versions: Span | None = None
    action: str | None = None
    """The key in the body of `POST …/action`; the handler gets the value under it."""
    quota: frozenset[str] = frozenset()
    """The quotas that it may use."""
    errors: tuple[int, ...] = ()
    """Statuses besides 400, 401, 403, 404 that it documents."""
    before: Handler | None = None
    """For a `write` route: slow work, or calls of engines. It runs outside any transaction with the handler's
    arguments, and the handler gets its result as `prepared`. It must not write, and does not run if an Idempotency-Key
    already has its answer."""
    raw_body: bool = False
    """The body is bytes, which the handler reads itself; JSON is not expected."""

    @property
    def rest(self) -> str:
        """The name of the last part of the path, if that is the rest of it; else empty."""
        last = self.path.rpartition("{")[2]
        return last.removesuffix(":path}") if last.endswith(":path}") else ""

    @property
    def described_path(self) -> str:
        """As descriptions have it: `/v1/{account}/{container}/{object}`."""
        return self.path.replace(":path}", "}")

    @property
    def name(self) -> str:
        """`keypairs.create`: the resource's folder and the handler, or the action if a function made the handler for it."""
        made = "<locals>" in self.handler.__qualname__
        return (
            f"{self.handler.__module__.split('.')[-2]}.{self.action if made and self.action else self.handler.__name__}"
        )


class Options(TypedDict, total=False):
    """The optional declarations of a route; see Route."""

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
        """Only if HEAD differs from GET."""
        return self._add("HEAD", path, mode, status, policy, **options)

    def websocket(self, path: str, *, policy: Policy) -> Callable[[Handler], Handler]:
        """In the streams process: `async def handler(asked, socket, **path)`."""
        return self._add("WEBSOCKET", path, "stream", 101, policy)

    def options(
        self, path: str, *, policy: Policy, mode: Mode = "live", status: int = 200, **options: Unpack[Options]
    ) -> Callable[[Handler], Handler]:
        """Only where the kernel's own answer, the methods of the path, will not do."""
        return self._add("OPTIONS", path, mode, status, policy, **options)

    def copy(
        self, path: str, *, policy: Policy, mode: Mode = "write", status: int = 201, **options: Unpack[Options]
    ) -> Callable[[Handler], Handler]:
        return self._add("COPY", path, mode, status, policy, **options)

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
    """The `routes` of every resource in a service's package, from `<package>.<resource>.<room>`, imported on first
    use."""

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
    stream: AsyncIterator[bytes] | None = None
    """In the streams process: bytes of any size, whose number a header `content-length` says."""
    endless: bool = False
    """The stream goes on until the client leaves; then `aclose` is called on it."""


@dataclass(frozen=True)
class Service:
    """A service, as `service.py` declares it. `render_error` returns the body of an error in the service's own shape:
    a value that becomes JSON, or a text, which is HTML, or XML if it begins with `<?xml`."""

    type: str
    """OpenStack's service type with underscores, as its folder: `block_storage`."""
    name: str
    """The code name that catalogues carry: nova."""
    prefix: str
    """`/compute/v2.1`: the prefix of its routes."""
    root: str
    """`/compute`: where its discovery answers."""
    catalog_type: str
    """`compute`, `volumev3` …"""
    catalog_path: str
    """The end of the URL in the catalogue; may contain `{project_id}`."""
    routes: Iterable[Routes]
    render_error: Callable[[ApiError], Any]
    discovery: Callable[["Service", str], Any]
    """(service, base URL) → body of `GET root` (300 or 200) and `GET prefix`: {"versions": […]} and {"version": {…}}."""
    streams: Iterable[Routes] = ()
    """Routes of mode `stream`. The streams process imports only these."""
    discovery_status: int = 300
    decode: BodyDecoder | None = None
    """The decoder of its JSON bodies, if it accepts more than the kernel's or has its own error messages."""
    microversions: Microversions | None = None
    over_quota_status: int = 403
    request_id_headers: tuple[str, ...] = ("x-openstack-request-id",)
    headers: Callable[[str], Mapping[str, str]] | None = None
    """Of every answer besides, from the id of the request."""
    is_sandboxed: bool = False
    """Its answers may be pages that users stored. A browser gives them an origin of their own, so that their scripts do not
    act as the dashboard's, which has the same address."""
    own_origin: Callable[[Settings, str], bool] | None = None
    """Whether a host, as requests name it, has nothing but what its users stored, so that pages there need no sandbox."""
    identify: Callable[["Request"], Who] | None = None
    """The caller of a request whose route has the policy `signed`; raises the service's error if the signature is not
    right."""
    tables: str = ""
    """Prefix of its tables."""
    default_version: Version | None = None
    absent: str = "The resource could not be found."
    catalog_also: tuple[str, ...] = ()
    """Further types under which the catalogue carries it: block storage is `volumev3` and `block-storage`."""
    catalog_names: Mapping[str, str] = field(default_factory=dict)
    """Catalogue type → its name there, where that is not `name`."""
    catalog_paths: Mapping[str, str] = field(default_factory=dict)
    """Catalogue type → its path there, where that is not `catalog_path`."""
    project_in_path: bool = False
    """Every route also exists below `prefix/{project id}`, for the project of the token, as in older URLs of block
    storage and compute."""

    address: str = ""
    """The path that `kumoi status` shows; empty: its prefix."""
    older: Mapping[str, Version] = field(default_factory=dict)
    """Additional prefixes of the same routes. Each has one version, regardless of the request's header."""
    format_in_path: bool = False
    """A route answers also where its path, or the id at its end, has `.json` behind it."""
    items_at_slash: tuple[str, ...] = ()
    """Collections (`/volumes`) whose GET with a slash at the end asks for an item with an empty id. It is a 404, as Tempest's
    negative tests require. Every other collection is listed with and without the slash."""
    negotiates: bool = False
    """A request whose Accept rules JSON out is 406. The other services send JSON anyway, as RFC 9110 lets them."""
    open_absence: bool = False
    """An unknown path is 404 also for callers without a token, who otherwise get 401."""

    def __post_init__(self) -> None:
        declared[self.type] = self

    def each(self) -> list[Route]:
        return [route for routes in (*self.routes, *self.streams) for route in routes.all]

    def streaming(self) -> list[Route]:
        return [route for routes in self.streams for route in routes.all]


declared: dict[str, Service] = {}
"""Every service by type. Creating a Service registers it; identity fills the catalogue of a new cloud from it."""
