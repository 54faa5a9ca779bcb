"""An import from the web. Its server is this machine, so it fails."""

from typing import Any

from tests.services.image.sending import IMAGES, create


def bring_in(cloud: Any) -> tuple[str, dict[str, Any]]:
    method = {"name": "web-download", "uri": "http://localhost/x"}
    return f"{IMAGES}/{create(cloud).json['id']}/import", {"method": method}
