"""A task that makes an image from the web. Its server is this machine, so it fails."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    given = {"import_from": "http://localhost/x", "import_from_format": "raw", "image_properties": {"name": "new"}}
    return "/image/v2/tasks", {"type": "import", "input": given}
