"""The errors of tokens."""

from kumoi.kernel.errors import Forbidden, NotFound


class TokenNotFound(NotFound):
    """404: the subject token is not valid. The reason is not revealed."""

    def __init__(self, message: str = "Could not find token.") -> None:
        super().__init__(message)


class NotExchangeable(Forbidden):
    def __init__(self, reason: str) -> None:
        super().__init__(f"You are not authorized to perform the requested action: {reason}.")
