"""Resizes of a running server, to a flavor that takes more of every quota."""

from typing import Any

from tests.examples import server

Ask = tuple[str, dict[str, Any]]


def resize(cloud: Any) -> Ask:
    return f"/compute/v2.1/servers/{server(cloud)}/action", {"resize": {"flavorRef": "3"}}


def confirm(cloud: Any) -> Ask:
    return _resized(cloud, "confirmResize")


def revert(cloud: Any) -> Ask:
    return _resized(cloud, "revertResize")


def _resized(cloud: Any, action: str) -> Ask:
    path, body = resize(cloud)
    assert cloud.post(path, json=body).status_code == 202
    cloud.settle()
    return path, {action: None}
