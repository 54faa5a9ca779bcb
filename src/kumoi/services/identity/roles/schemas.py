"""Shapes of roles: docs.openstack.org/api-ref/identity/v3/#roles."""

from collections.abc import Callable
from typing import Any

import msgspec

from kumoi.kernel.shapes import Extensible
from kumoi.services.identity.fields import UNSET, Id, Unset
from kumoi.services.identity.listing import Itself
from kumoi.services.identity.roles.models import RoleRow
from kumoi.services.identity.users.schemas import Name


class RoleCreate(msgspec.Struct, kw_only=True):
    name: Name
    domain_id: Id | None = None
    description: str | None = None
    options: dict[str, Any] = {}


class CreateBody(msgspec.Struct):
    role: RoleCreate


class RoleUpdate(msgspec.Struct, kw_only=True):
    name: Name | Unset = UNSET
    domain_id: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    options: dict[str, Any] | Unset = UNSET


class UpdateBody(msgspec.Struct):
    role: RoleUpdate


class Brief(msgspec.Struct, kw_only=True):
    """As inferences name a role."""

    id: str
    name: str
    description: str | None
    links: Itself


class Role(Extensible, kw_only=True):
    id: str
    name: str
    description: str | None
    domain_id: str | None
    options: dict[str, Any]
    links: Itself


class Inference(msgspec.Struct, kw_only=True):
    prior_role: Brief
    implies: Brief


class Inferences(msgspec.Struct, kw_only=True):
    prior_role: Brief
    implies: list[Brief]


def role(row: RoleRow, link: Callable[[str], str]) -> dict[str, Any]:
    return {**row["extra"], **brief(row, link), "domain_id": row["domain_id"] or None, "options": row["options"]}


def brief(row: RoleRow, link: Callable[[str], str]) -> dict[str, Any]:
    """As inferences name a role."""
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "links": {"self": link(f"/roles/{row['id']}")},
    }
