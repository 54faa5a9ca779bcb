"""Body and reply of a rescue: docs.openstack.org/api-ref/compute/#rescue-server-rescue-action."""

import msgspec

from kumoi.services.compute.servers.schemas.values import Uuid


class Rescue(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    adminPass: str | None = None
    rescue_image_ref: Uuid | None = None


class Rescued(msgspec.Struct):
    adminPass: str
