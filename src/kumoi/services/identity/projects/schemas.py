"""Shapes of projects: docs.openstack.org/api-ref/identity/v3/#projects."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from kumoi.kernel.shapes import Extensible
from kumoi.services.identity.fields import UNSET, Id, Name, Tags, Unset
from kumoi.services.identity.listing import Itself
from kumoi.services.identity.project_rows.models import ProjectRow

RELATIVES = ("parents_as_list", "parents_as_ids", "subtree_as_list", "subtree_as_ids")
"""Query parameters of one project that request its relatives."""


class ProjectCreate(msgspec.Struct, kw_only=True):
    name: Name
    domain_id: Id | None = None
    parent_id: Id | None = None
    is_domain: bool = False
    description: str | None = None
    enabled: bool = True
    tags: Tags = []
    options: dict[str, Any] = {}


class CreateBody(msgspec.Struct):
    project: ProjectCreate


class ProjectUpdate(msgspec.Struct, kw_only=True):
    name: Name | Unset = UNSET
    domain_id: str | Unset | None = UNSET
    parent_id: str | Unset | None = UNSET
    is_domain: bool | Unset = UNSET
    description: str | Unset | None = UNSET
    enabled: bool | Unset = UNSET
    tags: Tags | Unset = UNSET
    options: dict[str, Any] | Unset = UNSET


class UpdateBody(msgspec.Struct):
    project: ProjectUpdate


class TagsBody(msgspec.Struct):
    tags: Tags


class Project(Extensible, kw_only=True):
    id: str
    name: str
    description: str | None
    domain_id: str | None
    parent_id: str | None
    is_domain: bool
    enabled: bool
    tags: list[str]
    options: dict[str, Any]
    links: Itself
    parents: dict[str, Any] | list[dict[str, Any]] | Unset | None = UNSET
    subtree: dict[str, Any] | list[dict[str, Any]] | Unset | None = UNSET


Link = Callable[[str], str]
"""A path below the service's prefix → an absolute URL."""


def project(row: ProjectRow, tags: Sequence[str], link: Link) -> dict[str, Any]:
    return {
        **row["extra"],
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "domain_id": row["domain_id"] or None,
        "parent_id": row["parent_id"],
        "is_domain": row["is_domain"],
        "enabled": row["enabled"],
        "tags": list(tags),
        "options": row["options"],
        "links": {"self": link(f"/projects/{row['id']}")},
    }
