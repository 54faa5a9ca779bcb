"""Bodies and replies: docs.openstack.org/api-ref/compute/#create-image-createimage-action."""

from typing import Annotated

import msgspec

from kumoi.services.compute.servers.schemas.create import Number
from kumoi.services.compute.servers.schemas.values import Metadata, Name


class CreateImage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    metadata: Metadata | None = None


class CreateBackup(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    backup_type: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    rotation: Number
    metadata: Metadata | None = None


class Made(msgspec.Struct):
    image_id: str
