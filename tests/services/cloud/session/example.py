"""How a browser begins a session."""

from typing import Any


def create(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/kumoi/v1/session", {}
