"""Bodies of unshelving: docs.openstack.org/api-ref/compute/#unshelve-restore-shelved-server-unshelve-action."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from kumoi.kernel.versions import since

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Unshelve(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Until 2.76 the value is null. UNSET: the zone stays; null (2.91): any zone."""

    availability_zone: Annotated[Text | UnsetType | None, since("2.77")] = UNSET
    host: Annotated[Text | None, since("2.91")] = None
