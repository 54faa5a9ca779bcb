"""A subnet pool as a client makes it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/network/v2.0/subnetpools", {"subnetpool": {"name": "pool", "prefixes": ["10.7.0.0/16"]}}
