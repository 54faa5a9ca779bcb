"""Bodies of server tags: docs.openstack.org/api-ref/compute/#server-tags-servers-tags."""

from typing import Annotated

import msgspec

from kumoi.services.compute.servers.schemas.values import MOST_TAGS, Tag


class Body(msgspec.Struct, forbid_unknown_fields=True):
    tags: Annotated[list[Tag], msgspec.Meta(max_length=MOST_TAGS)]
