"""A server group as a client makes it."""

from typing import Any

from kumoi.kernel.routes import Route


def example(cloud: Any, route: Route) -> tuple[str, dict[str, Any]]:
    older = route.versions is not None and route.versions.last is not None
    asked = {"policies": ["affinity"]} if older else {"policy": "affinity"}
    return "/compute/v2.1/os-server-groups", {"server_group": {"name": "new", **asked}}
