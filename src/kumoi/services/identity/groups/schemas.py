"""Shapes of groups: docs.openstack.org/api-ref/identity/v3/#groups."""

from collections.abc import Callable
from typing import Any

import msgspec

from kumoi.kernel.shapes import Extensible
from kumoi.services.identity.fields import UNSET, Id, Name, Unset
from kumoi.services.identity.groups.models import GroupRow
from kumoi.services.identity.listing import Itself


class GroupCreate(msgspec.Struct, kw_only=True):
    name: Name
    domain_id: Id | None = None
    description: str | None = None


class CreateBody(msgspec.Struct):
    group: GroupCreate


class GroupUpdate(msgspec.Struct, kw_only=True):
    name: Name | Unset = UNSET
    domain_id: str | Unset | None = UNSET
    description: str | Unset | None = UNSET


class UpdateBody(msgspec.Struct):
    group: GroupUpdate


class Group(Extensible, kw_only=True):
    id: str
    name: str
    domain_id: str
    description: str | None
    links: Itself


def group(row: GroupRow, link: Callable[[str], str]) -> dict[str, Any]:
    return {
        **row["extra"],
        "id": row["id"],
        "name": row["name"],
        "domain_id": row["domain_id"],
        "description": row["description"],
        "links": {"self": link(f"/groups/{row['id']}")},
    }
