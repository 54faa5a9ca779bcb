"""A tag of a resource that supports tags."""

from typing import Any

from kumoi.kernel.routes import Route
from tests.examples import made

FOLDERS = {"floatingips": "floating_ips"}


def append(cloud: Any, route: Route) -> tuple[str, dict[str, Any]]:
    collection = route.path.split("/")[1]
    resource = made(cloud, "network", FOLDERS.get(collection, collection.replace("-", "_")))
    return f"/network/v2.0/{collection}/{resource['id']}/tags", {"tags": ["one"]}
