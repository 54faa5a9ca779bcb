"""This service's error shape: `{"error": {"code", "title", "message"}}`."""

from typing import Any

from kumoi.kernel.errors import ApiError

ROOT = "/kumoi"
"""Paths below it use this error shape, also for errors of the front."""


def render(error: ApiError) -> dict[str, Any]:
    return {"error": {"code": error.status, "title": error.title, "message": error.message}}
