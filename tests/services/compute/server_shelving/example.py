"""Shelving of a running server."""

from typing import Any

from tests.examples import server

Ask = tuple[str, dict[str, Any]]


def shelve(cloud: Any) -> Ask:
    return f"/compute/v2.1/servers/{server(cloud)}/action", {"shelve": None}


def shelve_offload(cloud: Any) -> Ask:
    cloud.settings.shelved_offload_time = -1
    try:
        return _shelved(cloud, "shelveOffload")
    finally:
        cloud.settings.shelved_offload_time = 0


def unshelve(cloud: Any) -> Ask:
    return _shelved(cloud, "unshelve")


def _shelved(cloud: Any, action: str) -> Ask:
    path, body = shelve(cloud)
    assert cloud.post(path, json=body).status_code == 202
    cloud.settle()
    return path, {action: None}
