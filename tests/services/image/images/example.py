"""An image before its data come."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/image/v2/images", {"name": "new", "disk_format": "raw", "container_format": "bare"}
