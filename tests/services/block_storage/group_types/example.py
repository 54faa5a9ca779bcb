"""A group type as an admin makes it, and its specs."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/volume/v3/group_types", {"group_type": {"name": "new", "group_specs": {"mark": "m"}}}


def set_specs(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = example(cloud)
    made = cloud.post(path, as_="admin", version="3.11", json=body)
    return f"{path}/{made.json['group_type']['id']}/group_specs", {"group_specs": {"mark": "n"}}
