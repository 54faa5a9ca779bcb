"""Requests that ask something else than their method and path say: by a parameter, or by the kind of their body.

What answers them registers itself here, because it stands on what the path names."""

from collections.abc import AsyncIterator, Awaitable, Callable

from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply

Place = tuple[str, str, str]
"""Account, container, object; empty where the path ends before."""
Special = Callable[[Request, AsyncIterator[bytes], Place], Awaitable[Reply]]
FORM = "multipart/form-data"
registered: dict[tuple[str, str], Special] = {}
"""(method, parameter or FORM) → what answers."""
web: list[Callable[[Request, Place], Reply | None]] = []
"""What answers a GET as a web server would; None: it does not."""
index: list[Callable[[Request, Place], str]] = []
"""What names the object that a GET of a folder sends as a web server would; empty: none."""
_PARAMETERS = ("extract-archive", "bulk-delete")


def of(request: Request, method: str) -> Special | None:
    for name in _PARAMETERS:
        if name in request.params and (found := registered.get((method, name))):
            return found
    if request.headers.get("content-type", "").lower().startswith(FORM):
        return registered.get((method, FORM))
    return None


def index_of(request: Request, place: Place) -> str:
    return next(filter(None, (name(request, place) for name in index)), "")


def as_web(request: Request, place: Place) -> Reply | None:
    for answer in web:
        if (reply := answer(request, place)) is not None:
            return reply
    return None
