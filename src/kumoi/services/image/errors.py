"""How the image service writes an error: `{"error": {"code": 404, "title", "message"}}`.

glanceclient reads `message` of every object in an error's JSON, and fails on a value that is no object."""

from typing import Any

from kumoi.kernel.errors import ApiError

ROOT = "/image"
"""Below which errors have this shape: the front says so too."""


def render(error: ApiError) -> dict[str, Any]:
    return {"error": {"code": error.status, "message": error.message, "title": error.title}}
