"""Shapes of metadata: docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes."""

from typing import Annotated

import msgspec

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Value = Annotated[str, msgspec.Meta(max_length=255)]
Metadata = dict[Key, Value]


class MetadataBody(msgspec.Struct):
    metadata: Metadata


class MetaBody(msgspec.Struct):
    meta: Metadata
