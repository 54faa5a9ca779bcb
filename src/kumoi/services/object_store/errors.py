"""The object store's error shape: a small HTML page, as in Swift."""

from html import escape

from kumoi.kernel import clock
from kumoi.kernel.errors import ApiError, Other

ROOT = "/object-store"
"""Paths below it use this error shape, also for errors of the front."""


def render(error: ApiError) -> str:
    return f"<html><h1>{escape(error.title)}</h1><p>{escape(error.message)}</p></html>"


def transaction(request_id: str) -> dict[str, str]:
    """Swift's name for a request, in its form: 21 digits, and when it was."""
    digits = request_id.removeprefix("req-").replace("-", "")[:21]
    return {"X-Trans-Id": f"tx{digits}-{clock.now() // clock.SECOND:010x}"}


class PreconditionFailed(Other):
    def __init__(self, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(412, message, headers=headers)


class LengthRequired(Other):
    def __init__(self, message: str) -> None:
        super().__init__(411, message)


class WrongRange(Other):
    def __init__(self, size: int, text: str = "", headers: dict[str, str] | None = None) -> None:
        text = text or "The range of bytes that was asked for is not there."
        super().__init__(
            416, text, headers={**(headers or {}), "Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
        )


class NoSpace(Other):
    def __init__(self, message: str) -> None:
        super().__init__(507, message)
