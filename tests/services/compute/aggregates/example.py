"""An aggregate as an admin makes it, and what may be done with one."""

from typing import Any

from tests.examples import world

AGGREGATES = "/compute/v2.1/os-aggregates"


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return AGGREGATES, {"aggregate": {"name": "new"}}


def _made(cloud: Any) -> str:
    listed = cloud.get(AGGREGATES, as_="admin").json["aggregates"]
    body = {"aggregate": {"name": f"of-the-example-{len(listed)}"}}
    made = cloud.post(AGGREGATES, as_="admin", json=body)
    return f"{AGGREGATES}/{made.json['aggregate']['id']}"


def add_host(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{_made(cloud)}/action", {"add_host": {"host": "host-1"}}


def remove_host(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = add_host(cloud)
    assert cloud.post(path, as_="admin", json=body).status_code == 200
    return path, {"remove_host": {"host": "host-1"}}


def set_metadata(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{_made(cloud)}/action", {"set_metadata": {"metadata": {"ssd": "true"}}}


def cache_images(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = add_host(cloud)
    assert cloud.post(path, as_="admin", json=body).status_code == 200
    return f"{path.removesuffix('/action')}/images", {"cache": [{"id": world(cloud).image}]}
