"""A volume reserved for a server."""

from typing import Any

from tests.examples import made


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/volume/v3/attachments", {"attachment": {"volume_uuid": made(cloud, "block_storage", "volumes")["id"]}}
