"""CORS: pages of other origins that a container lets read its answers, and the question before a request (preflight)."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from kumoi.kernel.errors import ApiError, Unauthorized
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.object_store import stores

_META = "x-container-meta-access-control-"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "COPY")
_SHOWN = (
    "cache-control", "content-language", "content-type", "expires", "last-modified", "pragma", "etag", "x-timestamp",
    "x-trans-id", "x-openstack-request-id",
)  # fmt: skip
"""Headers that every page may read that may read the answer."""


def _metadata(request: Request, account: str, container: str) -> dict[str, str]:
    found = stores.look(request, lambda tx: tx.container(account, container)) if container else None
    return found.metadata if found else {}


def _allowed(origin: str, metadata: Mapping[str, str]) -> str:
    """`*`, the origin, or empty."""
    allowed = metadata.get(f"{_META}allow-origin", "").split()
    return "*" if "*" in allowed else origin if origin in allowed else ""


def _headers(request: Request, account: str, container: str) -> dict[str, str]:
    """What an answer says besides to a page of another origin."""
    if not (origin := request.headers.get("origin")):
        return {}
    metadata = _metadata(request, account, container)
    if not (allowed := _allowed(origin, metadata)):
        return {}
    exposed = [*_SHOWN, *metadata.get(f"{_META}expose-headers", "").split()]
    found = {"Access-Control-Allow-Origin": allowed, "Access-Control-Expose-Headers": ", ".join(dict.fromkeys(exposed))}
    return found if allowed == "*" else {**found, "Vary": "Origin"}


def _marked(reply: Reply, more: Mapping[str, str]) -> Reply:
    if not more:
        return reply
    own = [name.lower() for name in reply.headers if name.lower().startswith(("x-object-meta-", "x-container-meta-"))]
    exposed = ", ".join(dict.fromkeys([*more["Access-Control-Expose-Headers"].split(", "), *own]))
    headers = {**reply.headers, **more, "Access-Control-Expose-Headers": exposed}
    return Reply(
        body=reply.body, status=reply.status, headers=headers, file=reply.file, raw=reply.raw,
        content_type=reply.content_type, stream=reply.stream,
    )  # fmt: skip


def shared(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A route of a container, or below one, whose answers may be read by pages of the origins that the container names."""

    @functools.wraps(handler)
    def answer(request: Request, *arguments: Any, **path: Any) -> Reply:
        more = _headers(request, path["account"], path["container"])
        try:
            return _marked(handler(request, *arguments, **path), more)
        except ApiError as error:
            error.headers.update(more)
            raise

    return answer


def streamed(handler: Callable[..., Any]) -> Callable[..., Any]:
    """As `shared`, in the streams process."""

    @functools.wraps(handler)
    async def answer(request: Request, *arguments: Any, **path: Any) -> Reply:
        more = _headers(request, path["account"], path["container"])
        try:
            return _marked(await handler(request, *arguments, **path), more)
        except ApiError as error:
            error.headers.update(more)
            raise

    return answer


def preflight(request: Request, account: str, container: str = "") -> Reply:
    """Whether a page may ask what it is about to ask."""
    headers = {"Allow": ", ".join(METHODS)}
    origin = request.headers.get("origin")
    if not origin or not container:
        return Reply(raw=b"", headers=headers, content_type="text/html; charset=UTF-8")
    metadata = _metadata(request, account, container)
    allowed = _allowed(origin, metadata)
    if not allowed or request.headers.get("access-control-request-method") not in METHODS:
        raise Unauthorized("The page's origin may not ask this of the container.", headers=headers)
    headers |= {
        "Access-Control-Allow-Origin": allowed,
        "Access-Control-Allow-Methods": ", ".join(METHODS),
        "Vary": "Origin, Access-Control-Request-Headers",
    }
    if age := metadata.get(f"{_META}max-age"):
        headers["Access-Control-Max-Age"] = age
    if wanted := request.headers.get("access-control-request-headers"):
        headers["Access-Control-Allow-Headers"] = wanted
    return Reply(raw=b"", headers=headers, content_type="text/html; charset=UTF-8")
