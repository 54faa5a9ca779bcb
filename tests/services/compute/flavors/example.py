"""A flavor as an admin makes it, and what may be added to one."""

from typing import Any

FLAVOR = "/compute/v2.1/flavors/1"


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/compute/v2.1/flavors", {"flavor": {"name": "new", "vcpus": 1, "ram": 64, "disk": 1}}


def create_extra_specs(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{FLAVOR}/os-extra_specs", {"extra_specs": {"mark": "m"}}


def _private(cloud: Any) -> str:
    asked = {"name": "own", "vcpus": 1, "ram": 64, "disk": 1, "os-flavor-access:is_public": False}
    made = cloud.post("/compute/v2.1/flavors", as_="admin", json={"flavor": asked})
    return f"/compute/v2.1/flavors/{made.json['flavor']['id']}/action"


def add_access(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _private(cloud), {"addTenantAccess": {"tenant": "1" * 32}}


def remove_access(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, asked = _private(cloud), {"tenant": "1" * 32}
    assert cloud.post(path, as_="admin", json={"addTenantAccess": asked}).status_code == 200
    return path, {"removeTenantAccess": asked}
