"""A rebuild of a running server."""

from typing import Any

from tests.examples import server, world


def rebuild(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"/compute/v2.1/servers/{server(cloud)}/action", {"rebuild": {"imageRef": world(cloud).image}}
