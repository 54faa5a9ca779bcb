"""The errors that a request may end with; each knows its status, and its service renders it in its own JSON shape.

ApiError
├── BadRequest 400        ├── NotFound 404              ├── TooLarge 413
├── Unauthorized 401      ├── MethodNotAllowed 405      ├── UnsupportedMedia 415
├── Forbidden 403         ├── NotAcceptable 406         ├── Unprocessable 422
│   └── PolicyForbids     ├── Conflict 409              ├── TooManyRequests 429
├── OverQuota (status of  │   └── Busy                  ├── NotBuilt 501
│   the service)          ├── Gone 410                  └── Unavailable 503
├── Other (HTTP's own)    └── RequestTimeout 408            ├── DatabaseAway
                                                            └── OutcomeUnknown
"""

from http import HTTPStatus
from typing import ClassVar


class ApiError(Exception):
    """An expected end of a request. `kind` is the machine-readable name that network's error bodies carry."""

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
    """One of the cloud's own parts does not do its work. The text names hosts, paths and programs, for those who run the
    cloud and for the log; `told` is what anybody else reads."""

    told: ClassVar[str]


class Occupied(Discreet):
    """It answers, and will obey when an earlier order for the same thing is carried out."""


class BadRequest(ApiError):
    status = 400
    title = "Bad Request"


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
    """The body did not come in the time that its size allows."""

    status = 408
    title = "Request Timeout"


class Conflict(ApiError):
    status = 409
    title = "Conflict"


class Busy(Conflict):
    """Another operation works on the same thing."""


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
    """The same may be asked again after `retry_after` seconds."""

    status = 429
    title = "Too Many Requests"

    def __init__(self, message: str, retry_after: int = 1, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after), **(headers or {})})


class NotBuilt(ApiError):
    """The API knows it, Kumoi does not yet; listed in docs/."""

    status = 501
    title = "Not Implemented"


class Unavailable(ApiError):
    status = 503
    title = "Service Unavailable"


class DatabaseAway(Unavailable):
    """The tables cannot be reached, or others hold them, for longer than anybody waits; nothing was changed."""

    kind = "ServiceUnavailable"

    def __init__(self) -> None:
        super().__init__(
            "The database cannot be used at the moment. Nothing was changed; try again.", headers={"Retry-After": "2"}
        )


class OutcomeUnknown(Unavailable):
    """The database went away while it committed, and could not be asked afterwards whether it did."""

    kind = "ServiceUnavailable"

    def __init__(self) -> None:
        super().__init__(
            "The database went away while this request was written, so that it may or may not have been carried out. "
            "Ask again, with the same Idempotency-Key where one was given.",
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


class Other(ApiError):
    """What only HTTP itself has a name for: 414, 416, 431, 504."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message, headers=headers)
        self.status, self.title = status, HTTPStatus(status).phrase


_BY_STATUS: dict[int, type[ApiError]] = {
    kind.status: kind
    for kind in (
        BadRequest, Unauthorized, Forbidden, NotFound, MethodNotAllowed, NotAcceptable, RequestTimeout, Conflict, Gone,
        TooLarge, UnsupportedMedia, Unprocessable, TooManyRequests, ApiError, NotBuilt, Unavailable,
    )
}  # fmt: skip


def of_status(status: int, message: str, *, headers: dict[str, str] | None = None) -> ApiError:
    """The error of a status that was not raised here: by the framework, or by the front. ValueError when HTTP has none."""
    kind = _BY_STATUS.get(status)
    return kind(message, headers=headers) if kind else Other(status, message, headers=headers)
