"""The errors of tags."""

from kumoi.kernel.errors import BadRequest, NotFound


class TagNotFound(NotFound):
    kind = "TagNotFound"

    def __init__(self, tag: str) -> None:
        super().__init__(f"Tag {tag} could not be found.")


class InvalidTag(BadRequest):
    kind = "HTTPBadRequest"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid input for tags. Reason: {reason}.")
