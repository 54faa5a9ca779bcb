"""Metadata of an image as clients of old versions send it."""

from typing import Any


def add_metadata(cloud: Any) -> tuple[str, dict[str, Any]]:
    image = cloud.post("/image/v2/images", json={"name": "old"}).json
    return f"/compute/v2.1/images/{image['id']}/metadata", {"metadata": {"os": "linux"}}
