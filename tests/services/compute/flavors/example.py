"""A flavor as an admin makes it, and what may be added to one."""

from typing import Any

FLAVOR = "/compute/v2.1/flavors/1"


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/compute/v2.1/flavors", {"flavor": {"name": "new", "vcpus": 1, "ram": 64, "disk": 1}}


def create_extra_specs(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{FLAVOR}/os-extra_specs", {"extra_specs": {"mark": "m"}}
