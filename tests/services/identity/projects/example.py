"""A project as an admin makes it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/identity/v3/projects", {"project": {"name": "new"}}
