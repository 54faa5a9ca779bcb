"""Images and backups of a running server."""

from typing import Any

from tests.examples import server


def create_image(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"/compute/v2.1/servers/{server(cloud)}/action", {"createImage": {"name": "one"}}


def create_backup(cloud: Any) -> tuple[str, dict[str, Any]]:
    body = {"name": "one", "backup_type": "daily", "rotation": 1}
    return f"/compute/v2.1/servers/{server(cloud)}/action", {"createBackup": body}


create_image_before_2_45, create_backup_before_2_45 = create_image, create_backup
