"""The image service's error shape: `{"error": {"code": 404, "title", "message"}}`.

glanceclient reads `message` of every object in an error's JSON, and fails on a value that is not an object.
"""

from typing import Any

from kumoi.kernel.errors import ApiError

ROOT = "/image"
"""Paths below it use this error shape, also for errors of the front."""


def render(error: ApiError) -> dict[str, Any]:
    return {"error": {"code": error.status, "message": error.message, "title": error.title}}
