"""A snapshot of a group with one volume."""

from typing import Any

from tests.services.block_storage.groups.example import NEWEST, V3, with_a_volume


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{V3}/group_snapshots", {"group_snapshot": {"group_id": with_a_volume(cloud), "name": "new"}}


def reset_status(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = example(cloud)
    made = cloud.post(path, version=NEWEST, json=body)
    cloud.settle()
    return f"{path}/{made.json['group_snapshot']['id']}/action", {"reset_status": {"status": "error"}}
