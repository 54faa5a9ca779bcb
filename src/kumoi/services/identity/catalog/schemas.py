"""Shapes of the catalogue: docs.openstack.org/api-ref/identity/v3/#service-catalog-and-endpoints."""

from typing import Annotated, Any, Literal

import msgspec

from kumoi.kernel.http import Request
from kumoi.kernel.shapes import Extensible
from kumoi.services.identity.catalog.rendering import address
from kumoi.services.identity.fields import UNSET, Unset
from kumoi.services.identity.listing import Itself

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Interface = Literal["public", "internal", "admin"]
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]


class ServiceCreate(msgspec.Struct, kw_only=True):
    type: Text
    name: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    description: str | None = None
    enabled: bool = True


class ServiceCreateBody(msgspec.Struct):
    service: ServiceCreate


class ServiceUpdate(msgspec.Struct, kw_only=True):
    type: Text | Unset = UNSET
    name: Annotated[str, msgspec.Meta(max_length=255)] | Unset | None = UNSET
    description: str | Unset | None = UNSET
    enabled: bool | Unset = UNSET


class ServiceUpdateBody(msgspec.Struct):
    service: ServiceUpdate


class EndpointCreate(msgspec.Struct, kw_only=True):
    service_id: Text
    interface: Interface
    url: Url
    region_id: str | None = None
    region: Text | None = None
    enabled: bool = True


class EndpointCreateBody(msgspec.Struct):
    endpoint: EndpointCreate


class EndpointUpdate(msgspec.Struct, kw_only=True):
    service_id: Text | Unset = UNSET
    interface: Interface | Unset = UNSET
    url: Url | Unset = UNSET
    region_id: str | Unset | None = UNSET
    region: Text | Unset | None = UNSET
    enabled: bool | Unset = UNSET


class EndpointUpdateBody(msgspec.Struct):
    endpoint: EndpointUpdate


class RegionCreate(msgspec.Struct, kw_only=True):
    id: Annotated[str, msgspec.Meta(max_length=255, pattern=r"^[^/]*$")] = ""
    parent_region_id: str | None = None
    description: str | None = None


class RegionCreateBody(msgspec.Struct):
    region: RegionCreate


class RegionUpdate(msgspec.Struct, kw_only=True):
    parent_region_id: str | Unset | None = UNSET
    description: str | Unset | None = UNSET


class RegionUpdateBody(msgspec.Struct):
    region: RegionUpdate


class Service(Extensible, kw_only=True):
    id: str
    type: str
    name: str | None
    description: str | None
    enabled: bool
    links: Itself


class Endpoint(Extensible, kw_only=True):
    id: str
    service_id: str
    interface: str
    region_id: str | None
    region: str | None
    url: str
    enabled: bool
    links: Itself


class Region(Extensible, kw_only=True):
    id: str
    description: str | None
    parent_region_id: str | None
    links: Itself


def _links(request: Request, kind: str, row: dict[str, Any]) -> dict[str, str]:
    return {"self": request.link(f"/{kind}/{row['id']}")}


def service(row: dict[str, Any], request: Request) -> dict[str, Any]:
    fields = {name: row[name] for name in ("id", "type", "name", "description", "enabled")}
    return {**row["extra"], **fields, "links": _links(request, "services", row)}


def endpoint(row: dict[str, Any], request: Request) -> dict[str, Any]:
    """The URL for the address by which the client came; other placeholders are shown as they are."""
    fields = {name: row[name] for name in ("id", "service_id", "interface", "region_id", "enabled")}
    fields |= {"region": row["region_id"], "url": address(row["url"], request.base_url)}
    return {**row["extra"], **fields, "links": _links(request, "endpoints", row)}


def region(row: dict[str, Any], request: Request) -> dict[str, Any]:
    fields = {name: row[name] for name in ("id", "description", "parent_region_id")}
    return {**row["extra"], **fields, "links": _links(request, "regions", row)}
