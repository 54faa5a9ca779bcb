"""A floating IP as clients of old versions ask for it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/compute/v2.1/os-floating-ips", {}
