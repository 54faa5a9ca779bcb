"""A volume reserved for a server, and its attachment completed."""

from typing import Any

from tests.examples import made


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/volume/v3/attachments", {"attachment": {"volume_uuid": made(cloud, "block_storage", "volumes")["id"]}}


def complete(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = example(cloud)
    reserved = {"attachment": {**body["attachment"], "instance_uuid": "6d4ee0b4-0000-4000-8000-000000000001"}}
    made = cloud.post(path, version="3.44", json=reserved)
    return f"{path}/{made.json['attachment']['id']}/action", {"os-complete": {}}
