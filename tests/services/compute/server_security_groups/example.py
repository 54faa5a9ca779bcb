"""Groups of a running server."""

from typing import Any

from tests.examples import made, server


def add(cloud: Any) -> tuple[str, dict[str, Any]]:
    group = made(cloud, "network", "security_groups")["name"]
    return f"/compute/v2.1/servers/{server(cloud)}/action", {"addSecurityGroup": {"name": group}}


def remove(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"/compute/v2.1/servers/{server(cloud)}/action", {"removeSecurityGroup": {"name": "default"}}
