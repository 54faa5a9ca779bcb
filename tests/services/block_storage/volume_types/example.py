"""A volume type as an admin makes it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/volume/v3/types", {"volume_type": {"name": "new"}}


def set_specs(cloud: Any) -> tuple[str, dict[str, Any]]:
    kind = cloud.get("/volume/v3/types").json["volume_types"][0]["id"]
    return f"/volume/v3/types/{kind}/extra_specs", {"extra_specs": {"mark": "m"}}


def _private(cloud: Any) -> str:
    made = cloud.post(
        "/volume/v3/types", as_="admin", json={"volume_type": {"name": "own", "os-volume-type-access:is_public": False}}
    )
    return f"/volume/v3/types/{made.json['volume_type']['id']}/action"


def add_project_access(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _private(cloud), {"addProjectAccess": {"project": "1" * 32}}


def remove_project_access(cloud: Any) -> tuple[str, dict[str, Any]]:
    path = _private(cloud)
    asked = {"project": "1" * 32}
    assert cloud.post(path, as_="admin", json={"addProjectAccess": asked}).status_code == 202
    return path, {"removeProjectAccess": asked}
