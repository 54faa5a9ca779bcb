"""Shapes of backups: docs.openstack.org/api-ref/block-storage/v3/#backups-backups."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.versions import since
from kumoi.services.block_storage.fields import Metadata
from kumoi.services.block_storage.listing import Link

Text = Annotated[str, msgspec.Meta(max_length=255)]


class BackupCreate(msgspec.Struct, kw_only=True):
    volume_id: Text
    name: Text | None = None
    description: Text | None = None
    container: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    incremental: bool | str | None = None
    force: bool | str | None = None
    snapshot_id: Text | None = None
    metadata: Annotated[Metadata | None, since("3.43")] = None
    availability_zone: Annotated[Text | None, since("3.51")] = None


class CreateBody(msgspec.Struct):
    backup: BackupCreate


class BackupUpdate(msgspec.Struct, kw_only=True):
    name: Text | msgspec.UnsetType | None = msgspec.UNSET
    description: Text | msgspec.UnsetType | None = msgspec.UNSET
    metadata: Annotated[Metadata | msgspec.UnsetType, since("3.43")] = msgspec.UNSET


class UpdateBody(msgspec.Struct):
    backup: BackupUpdate


class Restore(msgspec.Struct, kw_only=True):
    volume_id: Text | None = None
    name: Text | None = None


class RestoreBody(msgspec.Struct):
    restore: Restore


class Restored(msgspec.Struct, kw_only=True):
    backup_id: str
    volume_id: str
    volume_name: str


class RestoredBody(msgspec.Struct):
    restore: Restored


class Record(msgspec.Struct, kw_only=True):
    backup_service: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    backup_url: Annotated[str, msgspec.Meta(min_length=1, max_length=65_536)]


class RecordBody(msgspec.Struct):
    record: Record = msgspec.field(name="backup-record")


class Status(msgspec.Struct):
    status: Text


class Item(msgspec.Struct, kw_only=True):
    id: str
    name: str | None
    links: list[Link]


class Made(Item, kw_only=True):
    metadata: Annotated[dict[str, str] | msgspec.UnsetType, since("3.43")] = msgspec.UNSET


class Backup(Item, kw_only=True):
    """`project_id` is for admins."""

    status: str
    size: int
    object_count: int
    container: str
    description: str | None
    availability_zone: str
    created_at: str
    updated_at: str | None
    volume_id: str
    snapshot_id: str | None
    fail_reason: str | None
    is_incremental: bool
    has_dependent_backups: bool
    data_timestamp: str | None
    project_id: Annotated[str | msgspec.UnsetType, since("3.18")] = msgspec.field(
        default=msgspec.UNSET, name="os-backup-project-attr:project_id"
    )
    metadata: Annotated[dict[str, str], since("3.43")]
    user_id: Annotated[str, since("3.56")]
    encryption_key_id: Annotated[str | msgspec.UnsetType, since("3.64")] = msgspec.UNSET


class CreatedBody(msgspec.Struct):
    backup: Made


class ImportedBody(msgspec.Struct):
    backup: Item


class Body(msgspec.Struct):
    backup: Backup


class ListBody(msgspec.Struct, kw_only=True):
    backups: list[Item]
    backups_links: list[Link] | msgspec.UnsetType = msgspec.UNSET
    count: Annotated[int | msgspec.UnsetType, since("3.45")] = msgspec.UNSET


class DetailBody(msgspec.Struct, kw_only=True):
    backups: list[Backup]
    backups_links: list[Link] | msgspec.UnsetType = msgspec.UNSET
    count: Annotated[int | msgspec.UnsetType, since("3.45")] = msgspec.UNSET


def item(row: Mapping[str, Any], links: list[Link]) -> Item:
    return Item(id=row["id"], name=row["name"], links=links)


def made(row: Mapping[str, Any], links: list[Link]) -> Made:
    return Made(id=row["id"], name=row["name"], links=links, metadata=row["metadata"])


def backup(row: Mapping[str, Any], links: list[Link], *, needed: bool, admin: bool) -> Backup:
    """`needed`: other backups build on it."""
    at = row["data_timestamp"]
    return Backup(
        id=row["id"], name=row["name"], links=links, status=row["status"], size=row["size"],
        object_count=row["object_count"], container=row["container"], description=row["description"],
        availability_zone=row["availability_zone"], created_at=clock.iso_microseconds(row["created_at"]),
        updated_at=clock.iso_microseconds(row["updated_at"]) if row["updated_at"] != row["created_at"] else None,
        volume_id=row["volume_id"], snapshot_id=row["snapshot_id"], fail_reason=row["fail_reason"],
        is_incremental=row["parent_id"] is not None, has_dependent_backups=needed,
        data_timestamp=None if at is None else clock.iso_microseconds(at), metadata=row["metadata"],
        user_id=row["user_id"], project_id=row["project_id"] if admin else msgspec.UNSET,
    )  # fmt: skip
