"""A group with one volume, made anew or of another group."""

from typing import Any

NEWEST = "3.71"
V3 = "/volume/v3"


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    types = cloud.get(f"{V3}/group_types", as_="admin", version=NEWEST).json["group_types"]
    if not types:
        body = {"group_type": {"name": "together"}}
        types = [cloud.post(f"{V3}/group_types", as_="admin", version=NEWEST, json=body).json["group_type"]]
    kinds = [cloud.get(f"{V3}/types/default").json["volume_type"]["id"]]
    return f"{V3}/groups", {"group": {"name": "new", "group_type": types[0]["id"], "volume_types": kinds}}


def with_a_volume(cloud: Any) -> str:
    """The id of a group."""
    path, body = example(cloud)
    group_id = str(cloud.post(path, version=NEWEST, json=body).json["group"]["id"])
    made = cloud.post(f"{V3}/volumes", version=NEWEST, json={"volume": {"size": 1, "group_id": group_id}})
    assert made.status_code == 202, made.text
    cloud.settle()
    return group_id


def create_from_source(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{V3}/groups/action", {"create-from-src": {"name": "copy", "source_group_id": with_a_volume(cloud)}}


def delete(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{V3}/groups/{with_a_volume(cloud)}/action", {"delete": {"delete-volumes": True}}


def reset_status(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{V3}/groups/{with_a_volume(cloud)}/action", {"reset_status": {"status": "error"}}
