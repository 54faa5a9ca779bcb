"""A security group as a client makes it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/network/v2.0/security-groups", {"security_group": {"name": "new"}}
