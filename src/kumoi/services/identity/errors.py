"""Identity's error shape, `{"error": {"code", "message", "title"}}`, and errors that several resources share."""

from typing import Any

from kumoi.kernel.errors import ApiError, BadRequest, Conflict, Forbidden, NotFound, PolicyForbids, Unauthorized

ROOT = "/identity"
"""Paths below it use this error shape, also for errors of the front."""


def render(error: ApiError) -> dict[str, Any]:
    message = error.message
    if isinstance(error, PolicyForbids):
        message = "You are not authorized to perform the requested action."
    return {"error": {"code": error.status, "message": message, "title": error.title}}


class Refused(Unauthorized):
    """401 that does not reveal whether the user, the project or the password was wrong."""

    def __init__(self) -> None:
        super().__init__("The request you have made requires authentication.")


class NotAllowed(Forbidden):
    """403 of the policy; `action` as OpenStack names it: `identity:list_users`."""

    def __init__(self, action: str) -> None:
        super().__init__(f"You are not authorized to perform the requested action: identity:{action}.")


class Immutable(Forbidden):
    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"Cannot change or delete the {kind} {id}: its option immutable is set.")


class Absent(NotFound):
    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"Could not find {kind}: {id[:255]}.")


class Taken(Conflict):
    def __init__(self, kind: str, what: str) -> None:
        super().__init__(f"Conflict occurred attempting to store {kind} - Duplicate entry found with {what}.")


class Invalid(BadRequest):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"Invalid input for field/attribute {field}: {reason}")
