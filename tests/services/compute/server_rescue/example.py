"""Rescues of a running server."""

from typing import Any

from tests.examples import server

Ask = tuple[str, dict[str, Any]]


def rescue(cloud: Any) -> Ask:
    return f"/compute/v2.1/servers/{server(cloud)}/action", {"rescue": None}


def unrescue(cloud: Any) -> Ask:
    path, body = rescue(cloud)
    assert cloud.post(path, json=body).status_code == 200
    cloud.settle()
    return path, {"unrescue": None}
