"""Common parts of volumes' tests: creating and reading one."""

from typing import Any

from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.kernel import randomness

V3 = "/volume/v3"
NEWEST = "3.71"


def fake(cloud: Any) -> FakeVolumes:
    """The host's disks, with their knobs."""
    engine: FakeVolumes = cloud.engines[FakeVolumes]
    return engine


def make(cloud: Any, *, settle: bool = True, as_: str = "member", **fields: Any) -> str:
    """The id of a new volume, of one GiB by default."""
    made = cloud.post(f"{V3}/volumes", as_=as_, json={"volume": {"size": 1, **fields}})
    assert made.status_code == 202, made.text
    if settle:
        cloud.settle()
    return str(made.json["volume"]["id"])


def snap(cloud: Any, volume_id: str, *, settle: bool = True, **fields: Any) -> str:
    """The id of a new snapshot."""
    body = {"snapshot": {"volume_id": volume_id, **fields}}
    made = cloud.post(f"{V3}/snapshots", version=NEWEST, json=body)
    assert made.status_code == 202, made.text
    if settle:
        cloud.settle()
    return str(made.json["snapshot"]["id"])


def show(cloud: Any, volume_id: str, **how: Any) -> Any:
    """The volume as the newest version shows it, or None."""
    found = cloud.get(f"{V3}/volumes/{volume_id}", **{"version": NEWEST, **how})
    return found.json["volume"] if found.status_code == 200 else None


def act(cloud: Any, volume_id: str, action: str, body: Any = None, **how: Any) -> Any:
    """The response to an action."""
    return cloud.post(f"{V3}/volumes/{volume_id}/action", **{"version": NEWEST, **how}, json={action: body})


def messages(cloud: Any, resource_id: str) -> list[str]:
    """The owner's messages about a resource."""
    found = cloud.get(f"{V3}/messages?resource_uuid={resource_id}", version="3.5").json["messages"]
    return [message["user_message"] for message in found]


def image(cloud: Any, *, status: str = "active", properties: dict[str, str] | None = None, **columns: Any) -> str:
    """The id of a public image, one GiB large on the fake's hosts."""
    from kumoi.services.image.images import store

    image_id = columns.pop("id", None) or randomness.new_uuid()
    row = {
        "id": image_id, "name": "cirros", "status": status, "visibility": "public", "owner": "nobody",
        "protected": False, "os_hidden": False, "disk_format": "qcow2", "container_format": "bare", "min_disk": 0,
        "min_ram": 0, "size": 20 << 20, "virtual_size": 1 << 30, "checksum": "0" * 32, **columns,
    }  # fmt: skip
    cloud.database.write(lambda tx: store.insert(tx, row, properties or {}, []))
    return image_id


def differences(cloud: Any) -> list[dict[str, Any]]:
    """The audit's differences, without those of images, which `image` creates without data."""
    return [each for each in cloud.audit() if each["service"] != "image"]
