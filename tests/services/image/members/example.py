"""Another project that an image is shared with."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    image = cloud.post("/image/v2/images", json={"name": "shared", "visibility": "shared"}).json["id"]
    return f"/image/v2/images/{image}/members", {"member": "1" * 32}
