"""How the network service writes an error, and errors that several of its resources share."""

from typing import Any

from kumoi.kernel import errors
from kumoi.kernel.errors import ApiError, BadRequest, Conflict, NotFound, OverQuota
from kumoi.kernel.pagination import MarkerNotFound

_KINDS: dict[type[ApiError], str] = {
    errors.BadRequest: "HTTPBadRequest",
    errors.Unauthorized: "HTTPUnauthorized",
    errors.Forbidden: "HTTPForbidden",
    errors.NotFound: "HTTPNotFound",
    errors.MethodNotAllowed: "HTTPMethodNotAllowed",
    errors.Conflict: "HTTPConflict",
    errors.TooLarge: "HTTPRequestEntityTooLarge",
    errors.UnsupportedMedia: "HTTPUnsupportedMediaType",
    errors.NotBuilt: "HTTPNotImplemented",
    errors.Unavailable: "HTTPServiceUnavailable",
    errors.ApiError: "HTTPInternalServerError",
    MarkerNotFound: "HTTPBadRequest",
}
"""What the kernel's own errors are called here; every other has its name in `kind`."""


def render(error: ApiError) -> dict[str, Any]:
    """`{"NeutronError": {"type": …, "message": …, "detail": ""}}`."""
    message = error.message
    if isinstance(error, OverQuota):
        message = f"Quota exceeded for resources: ['{error.resource}']."
    kind = _KINDS.get(type(error)) or error.kind
    return {"NeutronError": {"type": kind, "message": message, "detail": ""}}


class InvalidInput(BadRequest):
    """400 with the reason; say which field."""

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
        super().__init__(f"Network {network_id} could not be found.")


class SubnetNotFound(NotFound):
    kind = "SubnetNotFound"

    def __init__(self, subnet_id: str) -> None:
        super().__init__(f"Subnet {subnet_id} could not be found.")


class PortNotFound(NotFound):
    kind = "PortNotFound"

    def __init__(self, port_id: str) -> None:
        super().__init__(f"Port {port_id} could not be found.")


class RouterNotFound(NotFound):
    kind = "RouterNotFound"

    def __init__(self, router_id: str) -> None:
        super().__init__(f"Router {router_id} could not be found")


class ServicePortInUse(Conflict):
    def __init__(self, port_id: str, reason: str) -> None:
        super().__init__(f"Port {port_id} cannot be deleted directly via the port API: {reason}.")
