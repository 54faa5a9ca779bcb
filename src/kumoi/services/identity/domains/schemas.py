"""Shapes of domains: docs.openstack.org/api-ref/identity/v3/#domains."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from kumoi.kernel.shapes import Extensible
from kumoi.services.identity.fields import UNSET, Name, Tags, Unset
from kumoi.services.identity.listing import Itself
from kumoi.services.identity.project_rows.models import ProjectRow


class DomainCreate(msgspec.Struct, kw_only=True):
    name: Name
    description: str | None = None
    enabled: bool = True
    tags: Tags = []
    options: dict[str, Any] = {}
    explicit_domain_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{32}$(?!\n)")] | None = None


class CreateBody(msgspec.Struct):
    domain: DomainCreate


class DomainUpdate(msgspec.Struct, kw_only=True):
    name: Name | Unset = UNSET
    description: str | Unset | None = UNSET
    enabled: bool | Unset = UNSET
    tags: Tags | Unset = UNSET
    options: dict[str, Any] | Unset = UNSET


class UpdateBody(msgspec.Struct):
    domain: DomainUpdate


class Domain(Extensible, kw_only=True):
    id: str
    name: str
    description: str | None
    enabled: bool
    tags: list[str]
    options: dict[str, Any]
    links: Itself


def domain(row: ProjectRow, link: Callable[[str], str]) -> dict[str, Any]:
    return {
        **row["extra"],
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "enabled": row["enabled"],
        "tags": [],
        "options": row["options"],
        "links": {"self": link(f"/domains/{row['id']}")},
    }
