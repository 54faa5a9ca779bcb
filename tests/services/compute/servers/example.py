"""A server as a client makes it."""

from typing import Any

from kumoi.kernel.routes import Route
from tests.examples import world


def example(cloud: Any, route: Route) -> tuple[str, dict[str, Any]]:
    return f"/compute/v2.1{route.path}", world(cloud).body()
