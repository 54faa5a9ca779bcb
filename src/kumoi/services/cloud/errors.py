"""How this service writes an error: `{"error": {"code", "title", "message"}}`."""

from typing import Any

from kumoi.kernel.errors import ApiError

ROOT = "/kumoi"
"""Below which errors have this shape: the front says so too."""


def render(error: ApiError) -> dict[str, Any]:
    return {"error": {"code": error.status, "title": error.title, "message": error.message}}
