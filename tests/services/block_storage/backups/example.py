"""A backup of an available volume, and what is done with one."""

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
    """The record of a backup that was deleted meanwhile."""
    path = _path(cloud)
    record = cloud.get(f"{path}/export_record", as_="admin").json
    assert cloud.delete(path).status_code == 202
    cloud.settle()
    return "/volume/v3/backups/import_record", record
