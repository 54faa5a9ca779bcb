"""The errors of consoles."""

from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, NotFound


class ConsoleTypeUnavailable(BadRequest):
    def __init__(self, kind: str) -> None:
        super().__init__(f"Unavailable console type {kind}.")


class ForeignOrigin(Forbidden):
    def __init__(self) -> None:
        super().__init__("Pages of this origin may not show consoles.")


class AlreadyOpen(Conflict):
    def __init__(self) -> None:
        super().__init__("This console is open already.")


class TokenNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Token not found")
