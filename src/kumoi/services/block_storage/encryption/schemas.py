"""Shapes of encryption: docs.openstack.org/api-ref/block-storage/v3/#volume-types-types."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from kumoi.kernel import clock

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Size = Annotated[int, msgspec.Meta(ge=1, le=1 << 20)] | Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,5}$")]
Location = Literal["front-end", "back-end"]


class Encryption(msgspec.Struct, kw_only=True):
    provider: Text
    control_location: Location = "front-end"
    cipher: Text | None = None
    key_size: Size | None = None


class CreateBody(msgspec.Struct):
    encryption: Encryption


class Change(msgspec.Struct, kw_only=True):
    provider: Text | msgspec.UnsetType = msgspec.UNSET
    control_location: Location | msgspec.UnsetType = msgspec.UNSET
    cipher: Text | msgspec.UnsetType | None = msgspec.UNSET
    key_size: Size | msgspec.UnsetType | None = msgspec.UNSET


class ChangeBody(msgspec.Struct):
    encryption: Change


class Made(msgspec.Struct, kw_only=True):
    volume_type_id: str
    encryption_id: str
    provider: str
    control_location: str
    cipher: str | None
    key_size: int | None


class MadeBody(msgspec.Struct):
    encryption: Made


class Shown(msgspec.Struct, kw_only=True):
    """Nothing, for a type without encryption."""

    volume_type_id: str | msgspec.UnsetType = msgspec.UNSET
    encryption_id: str | msgspec.UnsetType = msgspec.UNSET
    provider: str | msgspec.UnsetType = msgspec.UNSET
    control_location: str | msgspec.UnsetType = msgspec.UNSET
    cipher: str | msgspec.UnsetType | None = msgspec.UNSET
    key_size: int | msgspec.UnsetType | None = msgspec.UNSET
    created_at: str | msgspec.UnsetType = msgspec.UNSET
    updated_at: str | msgspec.UnsetType | None = msgspec.UNSET
    deleted: bool | msgspec.UnsetType = msgspec.UNSET
    deleted_at: str | msgspec.UnsetType | None = msgspec.UNSET


def made(row: Mapping[str, Any]) -> Made:
    return Made(**{name: row[name] for name in Made.__struct_fields__})


def shown(row: Mapping[str, Any] | None) -> Shown:
    if row is None:
        return Shown()
    return Shown(
        **{name: row[name] for name in Made.__struct_fields__}, created_at=clock.iso_microseconds(row["created_at"]),
        updated_at=clock.iso_microseconds(row["updated_at"]) if row["updated_at"] != row["created_at"] else None,
        deleted=False, deleted_at=None,
    )  # fmt: skip
