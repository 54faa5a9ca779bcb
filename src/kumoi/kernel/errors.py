"""The errors of requests. Each has a status; its service renders it in the service's own JSON shape.

ApiError
├── BadRequest 400        ├── NotFound 404              ├── TooLarge 413
├── Unauthorized 401      ├── MethodNotAllowed 405      ├── UnsupportedMedia 415
├── Forbidden 403         ├── NotAcceptable 406         ├── Unprocessable 422
│   └── PolicyForbids     ├── Conflict 409              ├── TooManyRequests 429
├── OverQuota (status of  │   └── Busy                  ├── RateLimited 498
│   the service)          ├── Gone 410                  ├── NotBuilt 501
├── Other (HTTP's own)    └── RequestTimeout 408        └── Unavailable 503
                                                            ├── DatabaseAway
                                                            └── OutcomeUnknown
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, ClassVar


class ApiError(Exception):
    """An expected error of a request. `kind` is the machine-readable name in the network service's error bodies."""

    status: int = 500
    title: str = "Internal Server Error"
    kind: ClassVar[str] = ""

    def __init__(self, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers or {}

    def __init_subclass__(cls) -> None:
        if "kind" not in cls.__dict__:
            cls.kind = cls.__name__


class Discreet(Exception):
    """A part of the cloud failed. The text has hosts, paths and programs, and is for admins and the log. Other users
    read `told`."""

    told: ClassVar[str]


class EngineRefused(Exception):
    """An engine refuses. The text is for the person who made the request. Each kind of engine has a subclass in its
    interface."""


class EngineSilent(Discreet):
    """An engine, or its host, does not answer at the moment. Orders are idempotent, so the runner retries."""

    told = "an engine does not answer"


class Occupied(Discreet):
    """The host answers, but still executes an earlier order for the same subject. Ask again."""


class BadRequest(ApiError):
    status = 400
    title = "Bad Request"


class MarkerNotFound(BadRequest):
    """400: the marker of a page does not exist for this caller."""


class Unauthorized(ApiError):
    status = 401
    title = "Unauthorized"


class Forbidden(ApiError):
    status = 403
    title = "Forbidden"


class PolicyForbids(Forbidden):
    kind = "PolicyNotAuthorized"

    def __init__(self, rule: str) -> None:
        super().__init__(f"Policy doesn't allow {rule} to be performed.")


class NotFound(ApiError):
    status = 404
    title = "Not Found"
    kind = "HTTPNotFound"


class MethodNotAllowed(ApiError):
    status = 405
    title = "Method Not Allowed"


class NotAcceptable(ApiError):
    status = 406
    title = "Not Acceptable"


class RequestTimeout(ApiError):
    """The body did not arrive in the time that its size allows."""

    status = 408
    title = "Request Timeout"


class Conflict(ApiError):
    status = 409
    title = "Conflict"


class Busy(Conflict):
    """Another operation holds the same subject."""


class Gone(ApiError):
    status = 410
    title = "Gone"


class TooLarge(ApiError):
    status = 413
    title = "Request Entity Too Large"


class UnsupportedMedia(ApiError):
    status = 415
    title = "Unsupported Media Type"


class Unprocessable(ApiError):
    status = 422
    title = "Unprocessable Entity"


class TooManyRequests(ApiError):
    """The same request may be repeated after `retry_after` seconds."""

    status = 429
    title = "Too Many Requests"

    def __init__(self, message: str, retry_after: int = 1, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after), **(headers or {})})


class RateLimited(ApiError):
    """Object storage's own status for writes that come too fast; HTTP has none of this number."""

    status = 498
    title = "Rate Limited"

    def __init__(self, message: str, retry_after: int = 1, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after), **(headers or {})})


class NotBuilt(ApiError):
    """OpenStack's API has it, Kumoi does not. The docs of the service list it."""

    status = 501
    title = "Not Implemented"


class Unavailable(ApiError):
    status = 503
    title = "Service Unavailable"


class DatabaseAway(Unavailable):
    """The database was unreachable, locked or without room for longer than the wait limit. Nothing was changed."""

    kind = "ServiceUnavailable"

    def __init__(self, why: str = "The database cannot be used at the moment") -> None:
        super().__init__(f"{why}. Nothing was changed; try again.", headers={"Retry-After": "2"})


class OutcomeUnknown(Unavailable):
    """The database went away during a commit, and the outcome could not be looked up."""

    kind = "ServiceUnavailable"

    def __init__(self) -> None:
        super().__init__(
            "The database became unreachable during the commit, so this request may or may not have been executed. "
            "Repeat it, with the same Idempotency-Key if it had one.",
            headers={"Retry-After": "2"},
        )


class OverQuota(ApiError):
    """`status` is set from the service when rendered: 403 compute, 409 network, 413 block storage."""

    status = 403
    title = "Forbidden"

    def __init__(self, resource: str, limit: int, used: int, requested: int) -> None:
        self.resource, self.limit, self.used, self.requested = resource, limit, used, requested
        super().__init__(
            f"Quota exceeded for {resource}: Requested {requested}, but already used {used} of {limit} {resource}."
        )


_FAULTS = {
    400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 405: "badMethod",
    406: "notAcceptable", 409: "conflictingRequest", 410: "gone", 413: "overLimit", 415: "badMediaType",
    429: "overLimit", 501: "notImplemented", 503: "serviceUnavailable",
}  # fmt: skip


def fault(error: ApiError, **more: str) -> dict[str, Any]:
    """`{"badRequest": {"code": 400, "message": …}}`: the error shape that compute and block storage share."""
    return {_FAULTS.get(error.status, "computeFault"): {"code": error.status, "message": error.message, **more}}


class Other(ApiError):
    """Statuses without a class of their own: 414, 416, 431, 504."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message, headers=headers)
        self.status, self.title = status, HTTPStatus(status).phrase


_BY_STATUS: dict[int, type[ApiError]] = {
    kind.status: kind
    for kind in (
        BadRequest, Unauthorized, Forbidden, NotFound, MethodNotAllowed, NotAcceptable, RequestTimeout, Conflict, Gone,
        TooLarge, UnsupportedMedia, Unprocessable, TooManyRequests, RateLimited, ApiError, NotBuilt, Unavailable,
    )
}  # fmt: skip


def of_status(status: int, message: str, *, headers: dict[str, str] | None = None) -> ApiError:
    """The error for a status that the framework or the front raised. ValueError if HTTP has no such status."""
    kind = _BY_STATUS.get(status)
    return kind(message, headers=headers) if kind else Other(status, message, headers=headers)


def media_type(rendered: Any) -> str:
    """Of a rendered error."""
    if not isinstance(rendered, str):
        return "application/json"
    return "application/xml" if rendered.startswith("<?xml") else "text/html; charset=UTF-8"


@contextmanager
def translated(words: Mapping[type[ApiError], Callable[[Any], ApiError]]) -> Iterator[None]:
    """Context manager around a call to another service's facade: its errors are raised as errors that this service's
    clients expect. `words`: the facade's error class → function that makes this service's error. Other errors are
    raised unchanged."""
    try:
        yield
    except ApiError as error:
        for kind in type(error).__mro__:
            if kind in words:
                raise words[kind](error) from None
        raise
