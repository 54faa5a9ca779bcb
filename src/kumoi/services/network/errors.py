"""The network service's error shape, and errors that several resources share."""

from typing import Any

from kumoi.kernel import errors
from kumoi.kernel.errors import ApiError, BadRequest, Conflict, MarkerNotFound, NotFound, Other, OverQuota

ROOT = "/network"
"""Paths below it use this error shape, also for errors of the front."""

_KINDS: dict[type[ApiError], str] = {
    errors.BadRequest: "HTTPBadRequest",
    errors.Unauthorized: "HTTPUnauthorized",
    errors.Forbidden: "HTTPForbidden",
    errors.PolicyForbids: errors.PolicyForbids.kind,
    errors.OverQuota: errors.OverQuota.kind,
    errors.NotFound: "HTTPNotFound",
    errors.MethodNotAllowed: "HTTPMethodNotAllowed",
    errors.NotAcceptable: "HTTPNotAcceptable",
    errors.RequestTimeout: "HTTPRequestTimeout",
    errors.Conflict: "HTTPConflict",
    errors.Gone: "HTTPGone",
    errors.TooLarge: "HTTPRequestEntityTooLarge",
    errors.UnsupportedMedia: "HTTPUnsupportedMediaType",
    errors.Unprocessable: "HTTPUnprocessableEntity",
    errors.TooManyRequests: "HTTPTooManyRequests",
    errors.NotBuilt: "HTTPNotImplemented",
    errors.Unavailable: "HTTPServiceUnavailable",
    errors.ApiError: "HTTPInternalServerError",
    MarkerNotFound: "HTTPBadRequest",
}
"""Neutron's names for errors of the kernel and for errors that other services derive from them."""


def render(error: ApiError) -> dict[str, Any]:
    """`{"NeutronError": {"type": …, "message": …, "detail": ""}}`."""
    message = error.message
    if isinstance(error, OverQuota):
        message = f"Quota exceeded for resources: ['{error.resource}']."
    return {"NeutronError": {"type": _kind(error), "message": message, "detail": ""}}


def _kind(error: ApiError) -> str:
    """An error of this service has its name in `kind`. The `kind` of other services' errors is not used."""
    if isinstance(error, Other):
        return f"HTTP{error.title.replace(' ', '').replace('-', '')}"
    if type(error).__module__.startswith(__package__):
        return error.kind
    return next(_KINDS[known] for known in type(error).__mro__ if known in _KINDS)


class InvalidInput(BadRequest):
    """400 with the reason. The text should name the field."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid input for operation: {reason}.")


class BadField(BadRequest):
    """400: one field of the body."""

    kind = "HTTPBadRequest"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"Invalid input for {field}. Reason: {reason}.")


class RevisionNumberConstraintFailed(ApiError):
    status = 412
    title = "Precondition Failed"

    def __init__(self, resource_id: str, expected: str) -> None:
        super().__init__(f"Constrained to {expected}, but current revision of {resource_id} differs.")


class NetworkNotFound(NotFound):
    kind = "NetworkNotFound"

    def __init__(self, network_id: str) -> None:
        self.network_id = network_id
        super().__init__(f"Network {network_id} could not be found.")


class SubnetNotFound(NotFound):
    kind = "SubnetNotFound"

    def __init__(self, subnet_id: str) -> None:
        super().__init__(f"Subnet {subnet_id} could not be found.")


class PortNotFound(NotFound):
    kind = "PortNotFound"

    def __init__(self, port_id: str) -> None:
        self.port_id = port_id
        super().__init__(f"Port {port_id} could not be found.")


class RouterNotFound(NotFound):
    kind = "RouterNotFound"

    def __init__(self, router_id: str) -> None:
        super().__init__(f"Router {router_id} could not be found")


class ServicePortInUse(Conflict):
    def __init__(self, port_id: str, reason: str) -> None:
        super().__init__(f"Port {port_id} cannot be deleted directly via the port API: {reason}.")
