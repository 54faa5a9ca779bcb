"""Bodies of server tags: docs.openstack.org/api-ref/compute/#server-tags-servers-tags."""

from typing import Annotated

import msgspec

from kumoi.services.compute.servers.schemas.values import Tag

MOST = 50


class Body(msgspec.Struct, forbid_unknown_fields=True):
    tags: Annotated[list[Tag], msgspec.Meta(max_length=MOST)]
