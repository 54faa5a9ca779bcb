"""A resource provider as an admin makes it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/placement/resource_providers", {"name": "new"}
