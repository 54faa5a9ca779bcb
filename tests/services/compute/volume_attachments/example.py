"""A volume for a running server."""

from typing import Any

from tests.examples import made, server


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    volume = made(cloud, "block_storage", "volumes")["id"]
    return f"/compute/v2.1/servers/{server(cloud)}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume}}
