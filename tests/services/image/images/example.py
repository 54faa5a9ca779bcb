"""An image as a client makes it."""

from typing import Any

from tests.examples import world


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/image/v2/images", {"name": "new"}


def deactivate(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"/image/v2/images/{world(cloud).image}/actions/deactivate", {}


def reactivate(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"/image/v2/images/{world(cloud).image}/actions/reactivate", {}
