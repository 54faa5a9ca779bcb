"""The rules of groups and memberships."""

from collections.abc import Sequence
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.who import Who
from kumoi.services.identity import additional, listing, names, policy
from kumoi.services.identity.domains import logic as domain_logic
from kumoi.services.identity.errors import Absent, Taken
from kumoi.services.identity.groups import store
from kumoi.services.identity.groups.models import GroupRow, groups, removal
from kumoi.services.identity.project_rows import models as project_models
from kumoi.services.identity.users import logic as user_logic
from kumoi.services.identity.users import models as user_models
from kumoi.services.identity.users import store as user_store

FILTERS = {"name": groups.c.folded_name, "domain_id": groups.c.domain_id}


LIST_QUERY = listing.query(FILTERS)


def select(tx: Transaction, who: Who, params: listing.Params) -> listing.Selection[GroupRow]:
    domain_id = policy.listed_domain(who, params.get("domain_id", [None])[-1], "list_groups")
    wanted = listing.conditions(params, FILTERS)
    if domain_id is not None:
        wanted.append(groups.c.domain_id == domain_id)
    return _selection(tx, wanted)


def select_of_user(tx: Transaction, who: Who, user_id: str, params: listing.Params) -> listing.Selection[GroupRow]:
    """Every user may read their own."""
    user = user_store.find(tx, user_id)
    if who.user_id != user_id:
        policy.check_read(who, user["domain_id"] if user else None, "list_groups_for_user")
    if user is None:
        raise Absent("user", user_id)
    wanted = [store.having(user_id), *listing.conditions(params, FILTERS)]
    if who.domain_id and who.user_id != user_id:
        wanted.append(groups.c.domain_id == who.domain_id)
    return _selection(tx, wanted)


def _selection(tx: Transaction, wanted: listing.Conditions) -> listing.Selection[GroupRow]:
    return listing.selection(tx, store, wanted)


def select_users(
    tx: Transaction, who: Who, group_id: str, params: listing.Params
) -> listing.Selection[user_models.UserRow]:
    group = store.find(tx, group_id)
    policy.check_read(who, group["domain_id"] if group else None, "list_users_in_group")
    if group is None:
        raise Absent("group", group_id)
    wanted = [user_models.users.c.id.in_(store.user_ids_in(group_id)), *user_logic.conditions(params)]
    if who.domain_id:
        wanted.append(user_models.users.c.domain_id == who.domain_id)
    return user_logic.selection(tx, wanted)


def found(tx: Transaction, group_id: str) -> GroupRow:
    row = store.find(tx, group_id)
    if row is None:
        raise Absent("group", group_id)
    return row


def show(tx: Transaction, who: Who, group_id: str) -> GroupRow:
    row = store.find(tx, group_id)
    policy.check_read(who, row["domain_id"] if row else None, "get_group")
    return found(tx, group_id)


def create(tx: Transaction, who: Who, values: dict[str, Any], extra: dict[str, Any]) -> GroupRow:
    domain_id = values["domain_id"] or policy.home_domain(who)
    policy.check_change(who, domain_id, "create_group")
    domain_logic.found(tx, domain_id)
    _check_name(tx, values["name"], domain_id)
    id = tx.new_hex()
    description = values["description"] or ""
    store.insert(tx, id=id, name=values["name"], domain_id=domain_id, description=description, extra=extra)
    return found(tx, id)


def _check_name(tx: Transaction, name: str, domain_id: str) -> None:
    if store.named(tx, name, domain_id):
        raise Taken("group", f"name {name} at domain ID {domain_id}")


def update(tx: Transaction, who: Who, group_id: str, changes: dict[str, Any], extra: dict[str, Any]) -> GroupRow:
    row = _changeable(tx, who, group_id, "update_group")
    if changes.pop("domain_id", row["domain_id"]) != row["domain_id"]:
        raise BadRequest("Update of `domain_id` is not allowed.")
    if "name" in changes and names.folded(changes["name"]) != row["folded_name"]:
        _check_name(tx, changes["name"], row["domain_id"])
    if "description" in changes:
        changes["description"] = changes["description"] or ""
    store.update(tx, group_id, {**changes, "extra": additional.merged("group", row["extra"], extra)})
    return found(tx, group_id)


def _changeable(tx: Transaction, who: Who, group_id: str, action: str) -> GroupRow:
    row = store.find(tx, group_id)
    policy.check_change(who, row["domain_id"] if row else None, action)
    return found(tx, group_id)


def delete(tx: Transaction, who: Who, group_id: str) -> None:
    found(tx, group_id)
    _changeable(tx, who, group_id, "delete_group")
    remove(tx, [group_id])


def check_member(tx: Transaction, who: Who, group_id: str, user_id: str) -> None:
    """Absent when the user does not belong to it."""
    row, user = store.find(tx, group_id), user_store.find(tx, user_id)
    if who.user_id != user_id:
        policy.check_read(who, row["domain_id"] if row and user else None, "check_user_in_group")
    if row is None:
        raise Absent("group", group_id)
    if user is None:
        raise Absent("user", user_id)
    if not store.has(tx, group_id, user_id):
        raise Absent("user in this group", user_id)


def _check_user(tx: Transaction, who: Who, user_id: str, action: str) -> None:
    """A domain's manager changes the membership of the domain's users only."""
    row = user_store.find(tx, user_id)
    policy.check_change(who, row["domain_id"] if row else None, action)
    if row is None:
        raise Absent("user", user_id)


def join(tx: Transaction, who: Who, group_id: str, user_id: str) -> None:
    _changeable(tx, who, group_id, "add_user_to_group")
    _check_user(tx, who, user_id, "add_user_to_group")
    policy.check_not_above(tx, who, "group", group_id, "add_user_to_group")
    store.join(tx, group_id, user_id)


def leave(tx: Transaction, who: Who, group_id: str, user_id: str) -> None:
    """Roles of the group end with the next request."""
    _changeable(tx, who, group_id, "remove_user_from_group")
    _check_user(tx, who, user_id, "remove_user_from_group")
    if not store.leave(tx, group_id, user_id):
        raise Absent("user in this group", user_id)
    policy.roles_lost(tx, [user_id])


def remove(tx: Transaction, ids: Sequence[str]) -> None:
    """Also deletes their assignments."""
    removal.run(tx, ids)
    store.delete(tx, ids)


user_models.removal.follow(store.leave_all)


@project_models.domain_removal.follow
def _of_domains(tx: Transaction, domain_ids: Sequence[str]) -> None:
    for domain_id in domain_ids:
        remove(tx, store.of_domain(tx, domain_id))
