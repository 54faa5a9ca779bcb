"""CORS: pages of other origins that a container lets read its answers, and the question before a request (preflight)."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from kumoi.kernel.errors import ApiError, Unauthorized
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.object_store import stores
from kumoi.services.object_store.limits import HIDDEN

META = "x-container-meta-access-control-"
"""Beginning of Swift's headers, which are one rule."""
STORED = f"{HIDDEN}cors"
"""The name under which a container stores rules that S3 set."""
FILES = "/_objects/"
"""Beginning of the places from which the front sends files, without headers that it does not know."""
STREAMS = "@object_streams"
"""The location to which the front passes requests that it cannot answer from a file. The streams process answers the
same request."""
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "COPY")
_SHOWN = (
    "cache-control", "content-language", "content-type", "expires", "last-modified", "pragma", "etag", "x-timestamp",
    "x-trans-id", "x-openstack-request-id",
)  # fmt: skip
"""Headers that every page may read that may read the answer."""


def _metadata(request: Request, account: str, container: str) -> dict[str, str]:
    found = stores.look(request, lambda tx: tx.container(account, container)) if container else None
    return found.metadata if found else {}


class Rule(msgspec.Struct, kw_only=True, omit_defaults=True):
    """In origins and headers a `*` stands for any text."""

    origins: list[str]
    methods: list[str]
    headers: list[str] = []
    exposed: list[str] = []
    max_age: str = ""
    id: str = ""

    def fits(self, origin: str, method: str, headers: Iterable[str]) -> bool:
        return (
            method in self.methods
            and any(_like(origin, each) for each in self.origins)
            and all(any(_like(header, each.lower()) for each in self.headers) for header in headers)
        )

    def origin(self, asked: str) -> str:
        """As the answer names it."""
        return "*" if "*" in self.origins else asked


def _like(text: str, pattern: str) -> bool:
    before, star, behind = pattern.partition("*")
    if not star:
        return text == pattern
    return len(text) >= len(before) + len(behind) and text.startswith(before) and text.endswith(behind)


_decode = msgspec.json.Decoder(list[Rule]).decode


def of_headers(metadata: Mapping[str, str]) -> list[Rule]:
    """The rule that Swift's headers are, if there are such."""
    origins = metadata.get(f"{META}allow-origin", "").split()
    exposed = metadata.get(f"{META}expose-headers", "").split()
    age = metadata.get(f"{META}max-age", "")
    return [Rule(origins=origins, methods=[*METHODS], headers=["*"], exposed=exposed, max_age=age)] if origins else []


def rules(metadata: Mapping[str, str]) -> list[Rule]:
    """Of a container, from both APIs."""
    return of_headers(metadata) + (_decode(metadata[STORED]) if STORED in metadata else [])


def rule_for(metadata: Mapping[str, str], origin: str, method: str, headers: Iterable[str] = ()) -> Rule | None:
    wanted = [each.strip().lower() for each in headers if each.strip()]
    return next((each for each in rules(metadata) if each.fits(origin, method, wanted)), None)


def _headers(request: Request, account: str, container: str) -> dict[str, str]:
    """What an answer says besides to a page of another origin."""
    if not (origin := request.headers.get("origin")):
        return {}
    assert request.route is not None
    rule = rule_for(_metadata(request, account, container), origin, request.route.method)
    if rule is None:
        return {}
    allowed, exposed = rule.origin(origin), [*_SHOWN, *rule.exposed]
    found = {"Access-Control-Allow-Origin": allowed, "Access-Control-Expose-Headers": ", ".join(dict.fromkeys(exposed))}
    return found if allowed == "*" else {**found, "Vary": "Origin"}


def with_headers(reply: Reply, headers: Mapping[str, str]) -> Reply:
    file = STREAMS if reply.file and reply.file.startswith(FILES) else reply.file
    return Reply(
        body=reply.body, status=reply.status, headers=headers, file=file, raw=reply.raw,
        content_type=reply.content_type, stream=reply.stream,
    )  # fmt: skip


class Sharing:
    """Decorators of routes whose answers pages of other origins may read. `headers`: for the answer, from the request and
    its path's parameters; it may refuse the request. `marked`: the answer with these headers, which are not empty."""

    def __init__(
        self, headers: Callable[[Request, Any], dict[str, str]], marked: Callable[[Reply, dict[str, str]], Reply]
    ) -> None:
        self._headers, self._marked = headers, marked

    def shared(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """A route of a container or bucket, or below one."""

        @functools.wraps(handler)
        def answer(request: Request, *arguments: Any, **path: Any) -> Reply:
            more = self._headers(request, path)
            try:
                return self._with(handler(request, *arguments, **path), more)
            except ApiError as error:
                error.headers.update(more)
                raise

        return answer

    def streamed(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """As `shared`, in the streams process."""

        @functools.wraps(handler)
        async def answer(request: Request, *arguments: Any, **path: Any) -> Reply:
            more = self._headers(request, path)
            try:
                return self._with(await handler(request, *arguments, **path), more)
            except ApiError as error:
                error.headers.update(more)
                raise

        return answer

    def _with(self, reply: Reply, more: dict[str, str]) -> Reply:
        return self._marked(reply, more) if more else reply


def _marked(reply: Reply, more: Mapping[str, str]) -> Reply:
    own = [name.lower() for name in reply.headers if name.lower().startswith(("x-object-meta-", "x-container-meta-"))]
    exposed = ", ".join(dict.fromkeys([*more["Access-Control-Expose-Headers"].split(", "), *own]))
    return with_headers(reply, {**reply.headers, **more, "Access-Control-Expose-Headers": exposed})


_sharing = Sharing(lambda request, path: _headers(request, path["account"], path["container"]), _marked)
shared, streamed = _sharing.shared, _sharing.streamed
"""Pages of the origins that the container names may read the answers."""


def preflight(request: Request, account: str, container: str = "") -> Reply:
    """Whether a page may ask what it is about to ask."""
    headers = {"Allow": ", ".join(METHODS)}
    origin = request.headers.get("origin")
    if not origin or not container:
        return Reply(raw=b"", headers=headers, content_type="text/html; charset=UTF-8")
    metadata, method = _metadata(request, account, container), request.headers.get("access-control-request-method", "")
    wanted = request.headers.get("access-control-request-headers", "")
    rule = rule_for(metadata, origin, method, wanted.split(","))
    if rule is None:
        raise Unauthorized("The page's origin may not ask this of the container.", headers=headers)
    headers |= {
        "Access-Control-Allow-Origin": rule.origin(origin),
        "Access-Control-Allow-Methods": ", ".join(rule.methods),
        "Vary": "Origin, Access-Control-Request-Headers",
    }
    if rule.max_age:
        headers["Access-Control-Max-Age"] = rule.max_age
    if wanted:
        headers["Access-Control-Allow-Headers"] = wanted
    return Reply(raw=b"", headers=headers, content_type="text/html; charset=UTF-8")
