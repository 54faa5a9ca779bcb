"""Compute's error shape: `{"badRequest": {"code": 400, "message": …}}`, as in the compute API guide."""

from typing import Any

from kumoi.kernel.errors import ApiError, fault

ROOT = "/compute"
"""Paths below it use this error shape, also for errors of the front."""


def render(error: ApiError) -> dict[str, Any]:
    return fault(error)
