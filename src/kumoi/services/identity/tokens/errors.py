"""What can go wrong with tokens."""

from kumoi.kernel.errors import Forbidden, NotFound


class TokenNotFound(NotFound):
    """404: the subject token says nothing that holds; which of its faults it has is not told."""

    def __init__(self, message: str = "Could not find token.") -> None:
        super().__init__(message)


class NotExchangeable(Forbidden):
    def __init__(self, reason: str) -> None:
        super().__init__(f"You are not authorized to perform the requested action: {reason}.")
