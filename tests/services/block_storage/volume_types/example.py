"""A volume type as an admin makes it."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/volume/v3/types", {"volume_type": {"name": "new"}}


def set_specs(cloud: Any) -> tuple[str, dict[str, Any]]:
    kind = cloud.get("/volume/v3/types").json["volume_types"][0]["id"]
    return f"/volume/v3/types/{kind}/extra_specs", {"extra_specs": {"mark": "m"}}
