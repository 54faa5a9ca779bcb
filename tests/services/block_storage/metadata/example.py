"""Metadata of volumes and of snapshots."""

from typing import Any

from kumoi.kernel.routes import Route
from tests.examples import made


def create(cloud: Any, route: Route) -> tuple[str, dict[str, Any]]:
    collection = route.path.split("/")[1]
    return f"/volume/v3/{collection}/{made(cloud, 'block_storage', collection)['id']}/metadata", {
        "metadata": {"mark": "m"}
    }
