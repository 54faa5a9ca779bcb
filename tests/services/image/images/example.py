"""An image as a client makes it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/image/v2/images", {"name": "new"}
