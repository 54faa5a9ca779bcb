"""Bodies of resizes: docs.openstack.org/api-ref/compute/#resize-server-resize-action."""

from typing import Literal

import msgspec


class Resize(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    flavorRef: str | int
    disk_config: Literal["AUTO", "MANUAL"] | None = msgspec.field(name="OS-DCF:diskConfig", default=None)
