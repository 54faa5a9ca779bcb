"""Volumes and snapshots as clients of old versions make them."""

from typing import Any

VOLUMES = "/compute/v2.1/os-volumes"


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return VOLUMES, {"volume": {"display_name": "new", "size": 1}}


def create_snapshot(cloud: Any) -> tuple[str, dict[str, Any]]:
    made = cloud.post(VOLUMES, json={"volume": {"display_name": "for a snapshot", "size": 1}})
    cloud.settle()
    snapshot = {"volume_id": made.json["volume"]["id"], "display_name": "new"}
    return "/compute/v2.1/os-snapshots", {"snapshot": snapshot}
