"""The list of assignments, as created or effective."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from kumoi.kernel.database import Transaction
from kumoi.kernel.queries import Query, optional
from kumoi.kernel.who import Who
from kumoi.services.identity import listing, policy
from kumoi.services.identity.assignments import store
from kumoi.services.identity.assignments.models import SYSTEM, AssignmentRow
from kumoi.services.identity.errors import Invalid, NotAllowed
from kumoi.services.identity.groups import store as group_store
from kumoi.services.identity.groups.models import GroupRow
from kumoi.services.identity.project_rows import store as project_store
from kumoi.services.identity.project_rows.models import ProjectRow
from kumoi.services.identity.roles import store as role_store
from kumoi.services.identity.roles.models import NO_DOMAIN, RoleRow
from kumoi.services.identity.users import store as user_store
from kumoi.services.identity.users.models import UserRow

NamedRow = UserRow | GroupRow | RoleRow | ProjectRow
"""A row with a name and a domain."""


@dataclass(frozen=True)
class Asked:
    """The filters of a query."""

    user_id: str | None
    group_id: str | None
    role_id: str | None
    target_kind: str | None
    target_id: str | None
    inherited: bool
    effective: bool
    names: bool
    subtree: bool


@dataclass(frozen=True)
class Assignment:
    """`made`: its row; `membership`: the group that it comes from; `prior`: the role that implies it."""

    actor_kind: str
    actor_id: str
    target_kind: str
    target_id: str
    role_id: str
    inherited: bool
    made: AssignmentRow
    membership: str | None = None
    prior: str | None = None


def asked(params: listing.Params) -> Asked:
    """Invalid where filters exclude each other."""

    def text(name: str) -> str | None:
        return params.get(name, [""])[-1] or None

    def flag(name: str) -> bool:
        return name in params and listing.truth(params[name][-1])

    targets = [
        (kind, SYSTEM if kind == "system" else value)
        for kind, name in (("project", "scope.project.id"), ("domain", "scope.domain.id"), ("system", "scope.system"))
        if (value := text(name))
    ]
    if len(targets) > 1:
        raise Invalid("scope", "project, domain and system exclude each other")
    kind, id = targets[0] if targets else (None, None)
    inherited_to = text("scope.OS-INHERIT:inherited_to")
    if inherited_to not in (None, "projects"):
        raise Invalid("scope.OS-INHERIT:inherited_to", "it is projects")
    found = Asked(
        text("user.id"), text("group.id"), text("role.id"), kind, id, bool(inherited_to), flag("effective"),
        flag("include_names"), flag("include_subtree"),
    )  # fmt: skip
    if found.user_id and found.group_id:
        raise Invalid("user.id", "user and group exclude each other")
    if found.effective and found.group_id:
        raise Invalid("group.id", "with effective there are no groups")
    if found.effective and found.inherited and kind == "domain":
        raise Invalid("scope.OS-INHERIT:inherited_to", "with effective nothing is inherited on a domain")
    if found.subtree and kind != "project":
        raise Invalid("include_subtree", "it needs scope.project.id")
    return found


QUERY = Query(
    optional("AssignmentsQuery", {
        **dict.fromkeys(("user.id", "group.id", "role.id", "scope.project.id", "scope.domain.id", "scope.system"), str),
        "scope.OS-INHERIT:inherited_to": Literal["projects"],
        **dict.fromkeys(("effective", "include_names", "include_subtree"), bool),
    }),
    asked,
)  # fmt: skip


def listed(tx: Transaction, who: Who, asked: Asked) -> list[Assignment]:
    """With a token of a domain: the assignments in that domain."""
    policy.check_read(who, who.domain_id, "list_role_assignments")
    inside = None
    if who.domain_id is not None:
        inside = {who.domain_id, *project_store.of_domain(tx, who.domain_id)}
        if asked.subtree and asked.target_id not in inside and not policy.is_admin(who):
            raise NotAllowed("list_role_assignments_for_tree")
    if asked.effective:
        found = _effective(tx, asked)
    else:
        found = _made(tx, asked)
    if inside is not None:
        found = [one for one in found if one.target_id in inside]
    return found


def _targets(tx: Transaction, asked: Asked) -> set[str]:
    assert asked.target_id is not None
    below = store.below(tx, [asked.target_id]) if asked.subtree else set()
    return {asked.target_id, *below}


def _made(tx: Transaction, asked: Asked) -> list[Assignment]:
    key: dict[str, Any] = {}
    if asked.user_id or asked.group_id:
        key |= {"actor_kind": "user" if asked.user_id else "group", "actor_id": asked.user_id or asked.group_id}
    if asked.role_id:
        key["role_id"] = asked.role_id
    if asked.target_kind:
        key |= {"target_kind": asked.target_kind, "target_id": _targets(tx, asked)}
    if asked.inherited:
        key["inherited"] = True
    return [Assignment(**row, made=row) for row in store.matching(tx, key)]


def _effective(tx: Transaction, asked: Asked) -> list[Assignment]:
    """Groups become their users, inheritance becomes projects, implications become roles."""
    rows = store.matching(tx, {})
    if asked.inherited:
        rows = [row for row in rows if row["inherited"]]
    implied = role_store.implied(tx)
    users_of = group_store.users_of(tx, [row["actor_id"] for row in rows if row["actor_kind"] == "group"])
    wanted = _targets(tx, asked) if asked.target_kind else None
    found: dict[tuple[str, ...], Assignment] = {}
    below: dict[str, set[str]] = {}
    for row in rows:
        targets = {row["target_id"]}
        if row["inherited"]:
            if row["target_id"] not in below:
                below[row["target_id"]] = store.below(tx, [row["target_id"]])
            targets = below[row["target_id"]]
        kind = "project" if row["inherited"] else row["target_kind"]
        if asked.target_kind and kind != asked.target_kind:
            continue
        for target in targets if wanted is None else targets & wanted:
            one = Assignment(row["actor_kind"], row["actor_id"], kind, target, row["role_id"], False, made=row)
            for personal in _persons(one, users_of):
                if asked.user_id in (None, personal.actor_id):
                    _expand(personal, implied, found)
    found = _without_domain_roles(tx, found)
    return [one for one in found.values() if asked.role_id in (None, one.role_id)]


def _persons(one: Assignment, users_of: dict[str, list[str]]) -> list[Assignment]:
    if one.actor_kind == "user":
        return [one]
    group = one.actor_id
    return [replace(one, actor_kind="user", actor_id=id, membership=group) for id in users_of.get(group, ())]


def _expand(one: Assignment, implied: dict[str, set[str]], found: dict[tuple[str, ...], Assignment]) -> None:
    waiting = [one]
    while waiting:
        each = waiting.pop()
        key = (each.actor_id, each.target_kind, each.target_id, each.role_id)
        if key in found:
            continue
        found[key] = each
        waiting += [replace(each, role_id=id, prior=each.role_id) for id in sorted(implied.get(each.role_id, ()))]


def _without_domain_roles(
    tx: Transaction, found: dict[tuple[str, ...], Assignment]
) -> dict[tuple[str, ...], Assignment]:
    roles = role_store.by_ids(tx, {one.role_id for one in found.values()})
    return {key: one for key, one in found.items() if roles[one.role_id]["domain_id"] == NO_DOMAIN}


def names(tx: Transaction, found: list[Assignment]) -> dict[str, NamedRow]:
    """id → row, of every user, group, role, project and domain in the list and the domains of those."""
    rows: dict[str, NamedRow] = {}
    rows.update(user_store.by_ids(tx, {one.actor_id for one in found if one.actor_kind == "user"}))
    rows.update(group_store.by_ids(tx, {one.actor_id for one in found if one.actor_kind == "group"}))
    rows.update(role_store.by_ids(tx, {one.role_id for one in found}))
    rows.update(project_store.by_ids(tx, {one.target_id for one in found}))
    rows.update(project_store.by_ids(tx, {row["domain_id"] for row in rows.values() if row["domain_id"]}))
    return rows
