"""Bodies of server metadata: docs.openstack.org/api-ref/compute/#server-metadata-servers-metadata."""

import msgspec

from kumoi.services.compute.servers.schemas.values import Metadata


class Body(msgspec.Struct, forbid_unknown_fields=True):
    metadata: Metadata


class ItemBody(msgspec.Struct, forbid_unknown_fields=True):
    meta: Metadata
