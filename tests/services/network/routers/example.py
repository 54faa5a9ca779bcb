"""A router as a client makes it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/network/v2.0/routers", {"router": {}}
