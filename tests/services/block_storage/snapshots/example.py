"""A snapshot of a volume, and its actions."""

from typing import Any

from tests.examples import made


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/volume/v3/snapshots", {"snapshot": {"volume_id": made(cloud, "block_storage", "volumes")["id"]}}


def _act(cloud: Any, **body: Any) -> tuple[str, dict[str, Any]]:
    return f"/volume/v3/snapshots/{made(cloud, 'block_storage', 'snapshots')['id']}/action", body


def reset_status(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, **{"os-reset_status": {"status": "error"}})


def force_delete(cloud: Any) -> tuple[str, dict[str, Any]]:
    return _act(cloud, **{"os-force_delete": {}})


def update_status(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = _act(cloud, **{"os-update_snapshot_status": {"status": "available", "progress": "100%"}})
    assert cloud.post(path, as_="admin", json={"os-reset_status": {"status": "creating"}}).status_code == 202
    return path, body
