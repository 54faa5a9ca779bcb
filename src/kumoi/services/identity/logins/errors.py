"""The error for too many login attempts."""

from kumoi.kernel.errors import TooManyRequests


class TooManyAttempts(TooManyRequests):
    """The same for accounts that exist and for others."""

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many attempts to log in failed. Wait before the next one.", max(seconds, 1))
