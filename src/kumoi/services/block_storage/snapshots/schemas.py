"""Shapes of snapshots: docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.versions import since
from kumoi.services.block_storage.fields import Metadata
from kumoi.services.block_storage.listing import Link

Text = Annotated[str, msgspec.Meta(max_length=255)]


class SnapshotCreate(msgspec.Struct, kw_only=True):
    volume_id: Text | None
    """null matches nothing, like any unknown id."""
    name: Text | None = None
    display_name: Text | None = None
    description: Text | None = None
    display_description: Text | None = None
    force: bool | str | None = None
    metadata: Metadata | None = None


class CreateBody(msgspec.Struct):
    snapshot: SnapshotCreate


class SnapshotUpdate(msgspec.Struct, kw_only=True):
    name: Text | msgspec.UnsetType | None = msgspec.UNSET
    display_name: Text | msgspec.UnsetType | None = msgspec.UNSET
    description: Text | msgspec.UnsetType | None = msgspec.UNSET
    display_description: Text | msgspec.UnsetType | None = msgspec.UNSET

    def given(self) -> dict[str, Any]:
        """Column → value of the fields in the request."""
        values = {
            "name": self.name if self.name is not msgspec.UNSET else self.display_name,
            "description": self.description if self.description is not msgspec.UNSET else self.display_description,
        }
        return {name: value for name, value in values.items() if value is not msgspec.UNSET}


class UpdateBody(msgspec.Struct):
    snapshot: SnapshotUpdate


class Status(msgspec.Struct):
    status: Text


class StatusUpdate(msgspec.Struct, kw_only=True):
    status: Text
    progress: Annotated[str, msgspec.Meta(pattern=r"^(100|[0-9]{1,2})%$")] | None = None


class SnapshotItem(msgspec.Struct, kw_only=True):
    id: str
    created_at: str
    updated_at: str | None
    name: str | None
    description: str | None
    volume_id: str
    status: str
    size: int
    metadata: dict[str, str]
    user_id: Annotated[str, since("3.41")]
    group_snapshot_id: Annotated[str | None, since("3.14")] = None
    consumes_quota: Annotated[bool, since("3.65")] = True


class Snapshot(SnapshotItem, kw_only=True):
    progress: str = msgspec.field(name="os-extended-snapshot-attributes:progress")
    project_id: str = msgspec.field(name="os-extended-snapshot-attributes:project_id")


class CreatedBody(msgspec.Struct):
    snapshot: SnapshotItem


class Body(msgspec.Struct):
    snapshot: Snapshot


class ListBody(msgspec.Struct, kw_only=True):
    snapshots: list[SnapshotItem]
    snapshots_links: list[Link] | msgspec.UnsetType = msgspec.UNSET
    count: Annotated[int | msgspec.UnsetType, since("3.45")] = msgspec.UNSET


class DetailBody(msgspec.Struct, kw_only=True):
    snapshots: list[Snapshot]
    snapshots_links: list[Link] | msgspec.UnsetType = msgspec.UNSET
    count: Annotated[int | msgspec.UnsetType, since("3.45")] = msgspec.UNSET


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"], "created_at": clock.iso_microseconds(row["created_at"]),
        "updated_at": clock.iso_microseconds(row["updated_at"]) if row["updated_at"] != row["created_at"] else None,
        "name": row["name"], "description": row["description"], "volume_id": row["volume_id"],
        "status": row["status"], "size": row["size"], "metadata": row["metadata"], "user_id": row["user_id"],
        "group_snapshot_id": row["group_snapshot_id"],
    }  # fmt: skip


def item(row: Mapping[str, Any]) -> SnapshotItem:
    return SnapshotItem(**_fields(row))


def snapshot(row: Mapping[str, Any]) -> Snapshot:
    progress = "100%" if row["status"] == "available" else row["progress"] or "0%"
    return Snapshot(progress=progress, project_id=row["project_id"], **_fields(row))
