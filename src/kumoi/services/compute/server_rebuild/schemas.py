"""Body and reply of a rebuild: docs.openstack.org/api-ref/compute/#rebuild-server-rebuild-action."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from kumoi.kernel.versions import since, until
from kumoi.services.compute.servers.schemas import shown
from kumoi.services.compute.servers.schemas.create import File, Flag
from kumoi.services.compute.servers.schemas.values import Description, DottedHostname, Metadata, Name, Uuid


class Rebuild(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """UNSET: as before; null removes."""

    imageRef: Uuid
    name: Name | None = None
    adminPass: str | None = None
    metadata: Metadata | None = None
    preserve_ephemeral: Flag | None = None
    disk_config: Literal["AUTO", "MANUAL"] | None = msgspec.field(name="OS-DCF:diskConfig", default=None)
    accessIPv4: str | UnsetType | None = UNSET
    accessIPv6: str | UnsetType | None = UNSET
    personality: Annotated[list[File] | None, until("2.56")] = None
    description: Annotated[Description | UnsetType | None, since("2.19")] = UNSET
    key_name: Annotated[
        Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | UnsetType | None, since("2.54")
    ] = UNSET
    user_data: Annotated[Annotated[str, msgspec.Meta(max_length=65535)] | UnsetType | None, since("2.57")] = UNSET
    trusted_image_certificates: Annotated[list[str] | None, since("2.63")] = None
    hostname: Annotated[DottedHostname | UnsetType, since("2.90")] = UNSET


class Rebuilt(shown.Changed, kw_only=True):
    key_name: Annotated[str | UnsetType | None, since("2.54")]
    plain_user_data: Annotated[str | UnsetType | None, since("2.57")] = msgspec.field(name="user_data", default=UNSET)
    adminPass: str = ""


class RebuiltBody(msgspec.Struct):
    server: Rebuilt
