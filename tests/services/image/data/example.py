"""The import of bytes that were sent before."""

from typing import Any

from tests.services.image.sending import IMAGES, RAW, create, send


def bring_in(cloud: Any) -> tuple[str, dict[str, Any]]:
    image_id = create(cloud).json["id"]
    assert send(cloud, image_id, RAW, what="stage").status_code == 204
    return f"{IMAGES}/{image_id}/import", {"method": {"name": "glance-direct"}}
