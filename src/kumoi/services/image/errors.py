"""How the image service writes an error: `{"message", "code": "404 Not Found", "title"}`."""

from typing import Any

from kumoi.kernel.errors import ApiError

ROOT = "/image"
"""Below which errors have this shape: the front says so too."""


def render(error: ApiError) -> dict[str, Any]:
    return {"message": error.message, "code": f"{error.status} {error.title}", "title": error.title}
