"""The offer of a volume with a snapshot, and its acceptance."""

from typing import Any

from kumoi.kernel.routes import Route
from tests.examples import made


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    snapshot = made(cloud, "block_storage", "snapshots")
    return "/volume/v3/os-volume-transfer", {"transfer": {"volume_id": snapshot["volume_id"]}}


def create(cloud: Any, route: Route) -> tuple[str, dict[str, Any]]:
    return f"/volume/v3{route.path}", example(cloud)[1]


def accept(cloud: Any, route: Route) -> tuple[str, dict[str, Any]]:
    transfer = made(cloud, "block_storage", "transfers")
    path = route.path.replace("{transfer_id}", transfer["id"])
    return f"/volume/v3{path}", {"accept": {"auth_key": transfer["auth_key"]}}
