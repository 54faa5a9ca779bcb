"""Shapes of resource providers: docs.openstack.org/api-ref/placement/#resource-providers."""

from typing import Annotated

import msgspec

from kumoi.kernel.http import Request
from kumoi.kernel.versions import since
from kumoi.services.placement.resource_providers.models import ResourceProviderRow

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ListQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str | None = None
    uuid: str | None = None
    member_of: Annotated[list[str], since("1.3")] = []
    resources: Annotated[str | None, since("1.4")] = None
    in_tree: Annotated[str | None, since("1.14")] = None
    required: Annotated[list[str], since("1.18")] = []


class Create(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name
    uuid: str | None = None
    parent_provider_uuid: Annotated[str | None, since("1.14")] = None


class Update(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name
    parent_provider_uuid: Annotated[str | msgspec.UnsetType | None, since("1.14")] = msgspec.UNSET


class Link(msgspec.Struct):
    rel: str
    href: str


class Provider(msgspec.Struct, kw_only=True):
    uuid: str
    name: str
    generation: int
    links: list[Link]
    parent_provider_uuid: Annotated[str | None, since("1.14")]
    root_provider_uuid: Annotated[str, since("1.14")]


class ListBody(msgspec.Struct):
    resource_providers: list[Provider]


LINKS = (
    ("self", "", since("1.0")), ("inventories", "/inventories", since("1.0")), ("usages", "/usages", since("1.0")),
    ("aggregates", "/aggregates", since("1.1")), ("traits", "/traits", since("1.6")),
    ("allocations", "/allocations", since("1.11")),
)  # fmt: skip


def provider(request: Request, row: ResourceProviderRow) -> Provider:
    path = f"{request.service.prefix}/resource_providers/{row['id']}"
    assert request.version is not None
    return Provider(
        uuid=row["id"], name=row["name"], generation=row["generation"],
        links=[Link(rel, path + end) for rel, end, span in LINKS if request.version in span],
        parent_provider_uuid=row["parent_id"], root_provider_uuid=row["root_id"],
    )  # fmt: skip
