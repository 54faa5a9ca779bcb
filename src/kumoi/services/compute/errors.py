"""Compute's error shape: `{"badRequest": {"code": 400, "message": …}}`, as in the compute API guide."""

from typing import Any

from kumoi.kernel.errors import ApiError

ROOT = "/compute"
"""Paths below it use this error shape, also for errors of the front."""

_NAMES = {
    400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 405: "badMethod",
    406: "notAcceptable", 409: "conflictingRequest", 410: "gone", 413: "overLimit", 415: "badMediaType",
    429: "overLimit", 501: "notImplemented", 503: "serviceUnavailable",
}  # fmt: skip


def render(error: ApiError) -> dict[str, Any]:
    return {_NAMES.get(error.status, "computeFault"): {"code": error.status, "message": error.message}}
