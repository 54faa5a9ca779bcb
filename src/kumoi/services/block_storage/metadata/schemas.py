"""Shapes of metadata: docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes."""

import msgspec

from kumoi.services.block_storage.fields import Metadata


class MetadataBody(msgspec.Struct):
    metadata: Metadata


class MetaBody(msgspec.Struct):
    meta: Metadata
