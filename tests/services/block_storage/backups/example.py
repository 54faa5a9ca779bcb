"""A backup of an available volume, and what is done with one."""

import base64
import json
from typing import Any

from tests.examples import made


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/volume/v3/backups", {"backup": {"volume_id": made(cloud, "block_storage", "volumes")["id"]}}


def _path(cloud: Any) -> str:
    backup_id = made(cloud, "block_storage", "backups")["id"]
    cloud.settle()
    return f"/volume/v3/backups/{backup_id}"


def restore(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{_path(cloud)}/restore", {"restore": {"name": "new"}}


def reset_status(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{_path(cloud)}/action", {"os-reset_status": {"status": "error"}}


def force_delete(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"{_path(cloud)}/action", {"os-force_delete": {}}


def import_record(cloud: Any) -> tuple[str, dict[str, Any]]:
    """The record of an existing backup, with another id."""
    record = cloud.get(f"{_path(cloud)}/export_record", as_="admin").json
    content = json.loads(base64.b64decode(record["backup-record"]["backup_url"]))
    content["id"] = "00000000-0000-4000-8000-000000000001"
    record["backup-record"]["backup_url"] = base64.b64encode(json.dumps(content).encode()).decode()
    return "/volume/v3/backups/import_record", record
