"""Checks who may grant which role to whom, and on which target."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Forbidden
from kumoi.kernel.who import Who
from kumoi.services.identity import listing, policy
from kumoi.services.identity.assignments import effective, store
from kumoi.services.identity.assignments.models import SYSTEM
from kumoi.services.identity.errors import Absent, NotAllowed
from kumoi.services.identity.groups import models as group_models
from kumoi.services.identity.groups import store as group_store
from kumoi.services.identity.groups.models import GroupRow
from kumoi.services.identity.project_rows import models as project_models
from kumoi.services.identity.project_rows import store as project_store
from kumoi.services.identity.project_rows.models import ProjectRow
from kumoi.services.identity.projects import logic as project_logic
from kumoi.services.identity.roles import models as role_models
from kumoi.services.identity.roles import store as role_store
from kumoi.services.identity.roles.models import NO_DOMAIN, RoleRow
from kumoi.services.identity.users import models as user_models
from kumoi.services.identity.users import store as user_store
from kumoi.services.identity.users.models import UserRow


@dataclass(frozen=True)
class Grant:
    """An actor and a target, as a path names them. `inherited`: for the projects below the target."""

    actor_kind: str
    actor_id: str
    target_kind: str
    target_id: str = SYSTEM
    inherited: bool = False

    def key(self) -> dict[str, Any]:
        return {
            "actor_kind": self.actor_kind,
            "actor_id": self.actor_id,
            "target_kind": self.target_kind,
            "target_id": self.target_id,
            "inherited": self.inherited,
        }


def _rows(tx: Transaction, grant: Grant) -> tuple[UserRow | GroupRow | None, ProjectRow | None]:
    """Actor and target; the system has no row."""
    find_actor = user_store.find if grant.actor_kind == "user" else group_store.find
    actor = find_actor(tx, grant.actor_id)
    if grant.target_kind == "system":
        return actor, None
    if grant.target_kind == "domain":
        return actor, project_store.find_domain(tx, grant.target_id)
    return actor, project_store.find(tx, grant.target_id)


def _target_domain(grant: Grant, target: ProjectRow | None) -> str | None:
    if not target:
        return None
    return str(target["domain_id"] or target["id"])


def _check_exist(grant: Grant, actor: UserRow | GroupRow | None, target: ProjectRow | None) -> None:
    if actor is None:
        raise Absent(grant.actor_kind, grant.actor_id)
    if target is None and grant.target_kind != "system":
        raise Absent(grant.target_kind, grant.target_id)


def _role(tx: Transaction, role_id: str) -> RoleRow:
    row = role_store.find(tx, role_id)
    if row is None:
        raise Absent("role", role_id)
    return row


def listed(tx: Transaction, who: Who, grant: Grant) -> list[RoleRow]:
    """The roles of exactly this grant, by name."""
    actor, target = _rows(tx, grant)
    _check_may_read(who, grant, actor, target, None, "list_grants")
    _check_exist(grant, actor, target)
    ids = [row["role_id"] for row in store.matching(tx, grant.key())]
    return sorted(role_store.by_ids(tx, ids).values(), key=lambda row: str(row["name"]))


def check(tx: Transaction, who: Who, grant: Grant, role_id: str) -> None:
    """Absent if the role is not granted."""
    actor, target = _rows(tx, grant)
    _check_may_read(who, grant, actor, target, role_store.find(tx, role_id), "check_grant")
    _check_exist(grant, actor, target)
    _role(tx, role_id)
    if not store.exists(tx, {**grant.key(), "role_id": role_id}):
        raise Absent("role assignment", f"{grant.actor_kind} {grant.actor_id}, {grant.target_kind} {grant.target_id}")


def give(tx: Transaction, who: Who, grant: Grant, role_id: str) -> None:
    actor, target = _rows(tx, grant)
    role = role_store.find(tx, role_id)
    _check_may_change(who, grant, actor, target, role, "create_grant")
    _check_exist(grant, actor, target)
    role = _role(tx, role_id)
    elsewhere = grant.target_kind != "domain" and role["domain_id"] != _target_domain(grant, target)
    if role["domain_id"] != NO_DOMAIN and elsewhere:
        raise Forbidden(f"Role {role_id} of a domain is given on projects of that domain only.")
    store.insert(tx, {**grant.key(), "role_id": role_id})


def take_back(tx: Transaction, who: Who, grant: Grant, role_id: str) -> None:
    """Also for a deleted actor."""
    actor, target = _rows(tx, grant)
    role = role_store.find(tx, role_id)
    _check_may_change(who, grant, actor, target, role, "revoke_grant")
    _role(tx, role_id)
    if not store.delete(tx, {**grant.key(), "role_id": role_id}):
        raise Absent("role assignment", f"{grant.actor_kind} {grant.actor_id}, {grant.target_kind} {grant.target_id}")
    if grant.actor_kind == "user" and grant.target_kind == "project" and not grant.inherited:
        policy.grants_ended(tx, [(grant.actor_id, grant.target_id)])
    _tell_of_loss(tx, grant.actor_kind, [grant.actor_id])


def _tell_of_loss(tx: Transaction, actor_kind: str, ids: Sequence[str]) -> None:
    if actor_kind == "group":
        ids = sorted({user_id for users in group_store.users_of(tx, ids).values() for user_id in users})
    policy.roles_lost(tx, ids)


def _check_may_change(
    who: Who,
    grant: Grant,
    actor: UserRow | GroupRow | None,
    target: ProjectRow | None,
    role: RoleRow | None,
    action: str,
) -> None:
    """A domain manager grants some roles to the domain's users and groups, on targets in the domain."""
    if grant.target_kind == "system":
        policy.check_not_of_domain(who, action)
    if policy.is_admin(who):
        return
    policy.check_change(who, _target_domain(grant, target), action)
    if actor is None or actor["domain_id"] != who.domain_id:
        raise NotAllowed(action)
    if role is None or role["domain_id"] != NO_DOMAIN or role["name"] not in policy.MANAGED_ROLES:
        raise NotAllowed(action)


def _check_may_read(
    who: Who,
    grant: Grant,
    actor: UserRow | GroupRow | None,
    target: ProjectRow | None,
    role: RoleRow | None,
    action: str,
) -> None:
    """A domain reader reads assignments of the domain's users and groups in the domain."""
    if grant.target_kind == "system":
        policy.check_not_of_domain(who, action)
    if policy.reads_all(who):
        return
    policy.check_read(who, _target_domain(grant, target), action)
    if actor is None or actor["domain_id"] != who.domain_id:
        raise NotAllowed(action)
    if role is not None and role["domain_id"] not in (NO_DOMAIN, who.domain_id):
        raise NotAllowed(action)


def select_projects_of_user(
    tx: Transaction, who: Who, user_id: str, params: listing.Params
) -> listing.Selection[ProjectRow]:
    """Projects on which a user has a role; everybody may ask for their own."""
    user = user_store.find(tx, user_id)
    if who.user_id != user_id:
        policy.check_read(who, user["domain_id"] if user else None, "list_user_projects")
    if user is None:
        raise Absent("user", user_id)
    return project_logic.selection(
        tx, [project_models.projects.c.id.in_(effective.project_ids(tx, user_id)), *project_logic.conditions(params)]
    )


for _removal, _kind in (
    (user_models.removal, "user"),
    (group_models.removal, "group"),
    (project_models.removal, "project"),
    (project_models.domain_removal, "domain"),
):
    _removal.follow(functools.partial(store.forget, kind=_kind))


@role_models.removal.follow
def _of_roles(tx: Transaction, role_ids: Sequence[str]) -> None:
    ended = store.users_on_projects(tx, role_ids)
    store.forget(tx, role_ids, "role")
    policy.grants_ended(tx, ended)


@group_models.removal.follow
def _of_groups(tx: Transaction, group_ids: Sequence[str]) -> None:
    """After their assignments. Their members are still known."""
    _tell_of_loss(tx, "group", group_ids)
