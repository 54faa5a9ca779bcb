"""What tests of volumes share: making one, and looking at it."""

from typing import Any

from kumoi.engines.volumes.fake import FakeVolumes

V3 = "/volume/v3"
NEWEST = "3.71"


def fake(cloud: Any) -> FakeVolumes:
    """The host's disks, with their knobs."""
    engine: FakeVolumes = cloud.engines[FakeVolumes]
    return engine


def make(cloud: Any, *, settle: bool = True, as_: str = "member", **fields: Any) -> str:
    """The id of a new volume; of one GiB unless said."""
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
    """What the owner is told about a thing."""
    found = cloud.get(f"{V3}/messages?resource_uuid={resource_id}", version="3.5").json["messages"]
    return [message["user_message"] for message in found]
