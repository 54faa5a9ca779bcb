"""A resource class of the admin's own."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/placement/resource_classes", {"name": "CUSTOM_NEW"}
