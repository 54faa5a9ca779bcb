"""What can go wrong with consoles."""

from kumoi.kernel.errors import BadRequest, NotFound


class ConsoleTypeUnavailable(BadRequest):
    def __init__(self, kind: str) -> None:
        super().__init__(f"Unavailable console type {kind}.")


class TokenNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Token not found")
