"""A user as an admin makes it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/identity/v3/users", {"user": {"name": "new", "password": "new password"}}
