"""Shapes of default types: docs.openstack.org/api-ref/block-storage/v3/#default-volume-types-default-types."""

from typing import Annotated

import msgspec


class Wanted(msgspec.Struct):
    volume_type: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class SetBody(msgspec.Struct):
    default_type: Wanted


class DefaultType(msgspec.Struct):
    project_id: str
    volume_type_id: str


class Body(msgspec.Struct):
    default_type: DefaultType


class ListBody(msgspec.Struct):
    default_types: list[DefaultType]
