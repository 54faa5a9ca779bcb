"""A volume as a client makes it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/volume/v3/volumes", {"volume": {"size": 1}}
