"""Shapes of assignments: docs.openstack.org/api-ref/identity/v3/#list-role-assignments."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from kumoi.services.identity.assignments.overview import Assignment
from kumoi.services.identity.fields import UNSET, Unset

Names = Mapping[str, Mapping[str, Any]]


class Home(msgspec.Struct, kw_only=True):
    id: str
    name: str


class Named(msgspec.Struct, kw_only=True):
    """`name` and `domain` only if names are requested."""

    id: str
    name: str | Unset = UNSET
    domain: Home | Unset = UNSET


class WholeSystem(msgspec.Struct):
    all: bool


class Target(msgspec.Struct, kw_only=True):
    project: Named | Unset = UNSET
    domain: Named | Unset = UNSET
    system: WholeSystem | Unset = UNSET
    inherited_to: str | Unset = msgspec.field(name="OS-INHERIT:inherited_to", default=UNSET)


class AssignmentLinks(msgspec.Struct, kw_only=True):
    assignment: str
    membership: str | Unset = UNSET
    prior_role: str | Unset = UNSET


class RoleAssignment(msgspec.Struct, kw_only=True):
    role: Named
    scope: Target
    links: AssignmentLinks
    user: Named | Unset = UNSET
    group: Named | Unset = UNSET


def assignment(one: Assignment, names: Names | None, link: Callable[[str], str]) -> dict[str, Any]:
    """`names` (id → row): with names and domains."""
    links = {"assignment": link(_path(one))}
    if one.membership:
        links["membership"] = link(f"/groups/{one.membership}/users/{one.actor_id}")
    if one.prior:
        links["prior_role"] = link(f"/roles/{one.prior}/implies/{one.role_id}")
    scope: dict[str, Any] = (
        {"system": {"all": True}} if one.target_kind == "system" else {one.target_kind: _named(one.target_id, names)}
    )
    if one.inherited:
        scope["OS-INHERIT:inherited_to"] = "projects"
    return {
        "role": _named(one.role_id, names),
        one.actor_kind: _named(one.actor_id, names),
        "scope": scope,
        "links": links,
    }


def _named(id: str, names: Names | None) -> dict[str, Any]:
    if names is None or id not in names:
        return {"id": id}
    row = names[id]
    found = {"id": id, "name": row["name"]}
    if row["domain_id"]:
        domain = names.get(row["domain_id"])
        found["domain"] = {"id": row["domain_id"], "name": domain["name"] if domain else None}
    return found


def _path(one: Assignment) -> str:
    """The URL of the created assignment."""
    made = one.made
    target = "/system" if made["target_kind"] == "system" else f"/{made['target_kind']}s/{made['target_id']}"
    path = f"{target}/{made['actor_kind']}s/{made['actor_id']}/roles/{made['role_id']}"
    return f"/OS-INHERIT{path}/inherited_to_projects" if made["inherited"] else path
