"""Shapes of flavors: docs.openstack.org/api-ref/compute/#flavors."""

from typing import Annotated, Any, Literal

import msgspec

from kumoi.kernel.pagination import Limit
from kumoi.kernel.queries import Described, WayText
from kumoi.kernel.versions import since, until
from kumoi.services.compute.flavors.models import FlavorDetails

Number = int | Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,10}$")]
"""Compute has always taken digits in quotes too."""


Truth = bool | Literal[0, 1] | Annotated[str, msgspec.Meta(pattern=r"^(?i:true|false|t|f|1|0|yes|no|y|n|on|off)$")]


class FlavorCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    ram: Number
    vcpus: Number
    disk: Number
    id: str | int | None = None
    swap: Number = 0
    ephemeral: Number = msgspec.field(name="OS-FLV-EXT-DATA:ephemeral", default=0)
    rxtx_factor: Annotated[
        float | Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]+)?$", max_length=30)], until("2.101")
    ] = 1.0
    is_public: Truth = msgspec.field(name="os-flavor-access:is_public", default=True)
    description: Annotated[Annotated[str, msgspec.Meta(max_length=65535)] | None, since("2.55")] = None


class CreateBody(msgspec.Struct, forbid_unknown_fields=True):
    flavor: FlavorCreate


def truth(value: bool | int | str) -> bool:
    return str(value).lower() in ("true", "t", "1", "yes", "y", "on")


class FlavorUpdate(msgspec.Struct, forbid_unknown_fields=True):
    description: Annotated[str, msgspec.Meta(max_length=65535)] | None


class UpdateBody(msgspec.Struct, forbid_unknown_fields=True):
    flavor: FlavorUpdate


class ListQuery(msgspec.Struct, kw_only=True):
    limit: Limit | None = None
    marker: str | None = None
    name: Annotated[str | None, since("2.102")] = None
    is_public: Annotated[str, Described(Literal["true", "false", "none"])] | None = None
    min_ram: Limit = msgspec.field(name="minRam", default=0)
    min_disk: Limit = msgspec.field(name="minDisk", default=0)
    sort_key: list[str] = []
    sort_dir: list[WayText] = []


class Link(msgspec.Struct):
    rel: str
    href: str


class Flavor(msgspec.Struct, kw_only=True):
    id: str
    name: str
    ram: int
    disk: int
    swap: int | str
    ephemeral: int = msgspec.field(name="OS-FLV-EXT-DATA:ephemeral")
    disabled: Annotated[bool, until("2.101")] = msgspec.field(name="OS-FLV-DISABLED:disabled", default=False)
    vcpus: int
    is_public: bool = msgspec.field(name="os-flavor-access:is_public")
    rxtx_factor: Annotated[float, until("2.101")]
    links: list[Link]
    description: Annotated[str | None, since("2.55")] = None
    extra_specs: Annotated[dict[str, str], since("2.61")]


class ShowBody(msgspec.Struct):
    flavor: Flavor


class DetailBody(msgspec.Struct, kw_only=True):
    flavors: list[Flavor]
    flavors_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class Item(msgspec.Struct, kw_only=True):
    id: str
    name: str
    links: list[Link]
    description: Annotated[str | None, since("2.55")] = None


class ListBody(msgspec.Struct, kw_only=True):
    flavors: list[Item]
    flavors_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class ExtraSpecs(msgspec.Struct):
    extra_specs: dict[str, str | int | float]


class Project(msgspec.Struct, forbid_unknown_fields=True):
    tenant: Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9-]*$")]


def links(root: str, prefix: str, flavorid: str) -> list[Link]:
    """`root`: the service's own URL; `prefix`: that with its version."""
    return [Link("self", f"{prefix}/flavors/{flavorid}"), Link("bookmark", f"{root}/flavors/{flavorid}")]


def flavor(row: FlavorDetails, its_links: list[Link], *, swap_is_a_number: bool) -> Flavor:
    return Flavor(
        id=row["flavorid"], name=row["name"], ram=row["ram"], disk=row["disk"], vcpus=row["vcpus"],
        swap=row["swap"] if swap_is_a_number else (row["swap"] or ""), ephemeral=row["ephemeral"],
        is_public=row["is_public"], rxtx_factor=row["rxtx_factor"], links=its_links, description=row["description"],
        extra_specs=row["extra_specs"],
    )  # fmt: skip


def item(row: FlavorDetails, its_links: list[Link]) -> Item:
    return Item(id=row["flavorid"], name=row["name"], links=its_links, description=row["description"])


def access_list(flavorid: str, project_ids: list[str]) -> dict[str, Any]:
    return {"flavor_access": [{"flavor_id": flavorid, "tenant_id": project_id} for project_id in project_ids]}
