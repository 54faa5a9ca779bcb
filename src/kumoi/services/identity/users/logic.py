"""The rules of users. Changing a password, and disabling or deleting a user, revokes tokens."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import clock
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Forbidden
from kumoi.kernel.who import Who
from kumoi.services.identity import additional, listing, names, options, policy
from kumoi.services.identity.errors import Absent, Invalid, Refused, Taken
from kumoi.services.identity.logins import logic as logins
from kumoi.services.identity.project_rows import models as project_models
from kumoi.services.identity.project_rows import store as project_store
from kumoi.services.identity.users import store
from kumoi.services.identity.users.models import UserRow, removal, users

FILTERS = {
    "name": users.c.folded_name,
    "domain_id": users.c.domain_id,
    "enabled": users.c.enabled,
    "default_project_id": users.c.default_project_id,
}
OTHER_PROVIDERS = ("unique_id", "idp_id", "protocol_id")
"""Filters for users of other identity providers, of which there are none."""
EXPIRY = "password_expires_at"
COMPARISONS = ("lt", "lte", "gt", "gte", "eq", "neq")
LIST_QUERY = listing.query(FILTERS, {EXPIRY: str, **dict.fromkeys(OTHER_PROVIDERS, str)})
SECRET = ("password", "original_password", "password_hash")


def select(tx: Transaction, who: Who, params: listing.Params) -> listing.Selection[UserRow]:
    domain_id = policy.listed_domain(who, params.get("domain_id", [None])[-1], "list_users")
    wanted = conditions(params)
    if domain_id is not None:
        wanted.append(users.c.domain_id == domain_id)
    return selection(tx, wanted)


def conditions(params: listing.Params) -> listing.Conditions:
    """Passwords never expire here, so a comparison with a time matches nobody. It must still be valid (Invalid)."""
    wanted = listing.conditions(params, FILTERS)
    if EXPIRY in params:
        text = params[EXPIRY][-1]
        how, _, instant = text.partition(":")
        try:
            clock.parse_iso(instant if how in COMPARISONS else text)
        except (ValueError, OverflowError):
            raise Invalid(
                EXPIRY, f"it is a time as 2030-01-31T12:00:00Z, alone or after {':, '.join(COMPARISONS)}:"
            ) from None
        wanted.append(sa.false())
    if any(name in params for name in OTHER_PROVIDERS):
        wanted.append(sa.false())
    return wanted


def selection(tx: Transaction, wanted: listing.Conditions) -> listing.Selection[UserRow]:
    return listing.selection(tx, store, wanted)


def found(tx: Transaction, user_id: str) -> UserRow:
    row = store.find(tx, user_id)
    if row is None:
        raise Absent("user", user_id)
    return row


def show(tx: Transaction, who: Who, user_id: str) -> UserRow:
    row = store.find(tx, user_id)
    if who.user_id != user_id:
        policy.check_read(who, row["domain_id"] if row else None, "get_user")
    return found(tx, user_id)


def check_may_create(who: Who, domain_id: str | None) -> str:
    """The domain of the new user. Checked before the password is hashed."""
    domain_id = domain_id or policy.home_domain(who)
    policy.check_change(who, domain_id, "create_user")
    return domain_id


def create(
    tx: Transaction, who: Who, values: dict[str, Any], password_hash: str | None, extra: dict[str, Any]
) -> UserRow:
    """`values`: the fields of UserCreate without the password."""
    domain_id = check_may_create(who, values["domain_id"])
    domain = project_store.existing_domain(tx, domain_id)
    if not domain["enabled"]:
        raise Forbidden(f"Domain is disabled: {domain_id}.")
    _check_name(tx, values["name"], domain_id)
    id = tx.new_hex()
    store.insert(
        tx, id=id, name=values["name"], domain_id=domain_id, password_hash=password_hash,
        default_project_id=values["default_project_id"], enabled=values["enabled"],
        options=options.merged({}, values["options"], options.USER, "user"), extra=_kept(extra),
    )  # fmt: skip
    return found(tx, id)


def _kept(extra: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in extra.items() if name not in SECRET}


def _check_name(tx: Transaction, name: str, domain_id: str) -> None:
    if store.named(tx, name, domain_id):
        raise Taken("user", f"name {name} at domain ID {domain_id}")


def check_may_update(tx: Transaction, who: Who, user_id: str) -> UserRow:
    row = store.find(tx, user_id)
    policy.check_change(who, row["domain_id"] if row else None, "update_user")
    policy.check_not_above(tx, who, "user", user_id, "update_user")
    return found(tx, user_id)


def update(tx: Transaction, who: Who, user_id: str, changes: dict[str, Any], extra: dict[str, Any]) -> UserRow:
    """`changes`: fields of UserUpdate, the password as `password_hash`."""
    row = check_may_update(tx, who, user_id)
    if changes.pop("domain_id", row["domain_id"]) != row["domain_id"]:
        raise BadRequest("Update of `domain_id` is not allowed.")
    if "name" in changes and names.folded(changes["name"]) != row["folded_name"]:
        _check_name(tx, changes["name"], row["domain_id"])
    changes["extra"] = additional.merged("user", row["extra"], _kept(extra))
    if "options" in changes:
        changes["options"] = options.merged(row["options"], changes["options"], options.USER, "user")
    if "password_hash" in changes:
        store.set_password(tx, user_id, changes.pop("password_hash"))
    if changes.get("enabled") is False and row["enabled"]:
        store.revoke(tx, user_id)
    store.update(tx, user_id, changes)
    return found(tx, user_id)


def delete(tx: Transaction, who: Who, user_id: str) -> None:
    row = store.find(tx, user_id)
    policy.check_change(who, row["domain_id"] if row else None, "delete_user")
    policy.check_not_above(tx, who, "user", user_id, "delete_user")
    found(tx, user_id)
    remove(tx, [user_id])


def own_password(tx: Transaction, user_id: str) -> str | None:
    """The hash to check before a user changes the password; None, which matches nothing, if the user may not."""
    row = store.find(tx, user_id)
    if row is None or not row["enabled"]:
        return None
    return row["password_hash"] and str(row["password_hash"])


def account(tx: Transaction, user_id: str) -> str:
    """The account for which wrong passwords of this user are counted."""
    return user_id if store.find(tx, user_id) is not None else logins.account(user_id)


def check_may_change_own_password(tx: Transaction, user_id: str) -> None:
    if found(tx, user_id)["options"].get("lock_password"):
        raise BadRequest("The password of this user is locked: only an administrator may change it.")


def change_password(tx: Transaction, user_id: str, before: str | None, password_hash: str | None) -> None:
    """`before`: the hash that matched the given old password. Refused if it was changed meanwhile."""
    row = store.find(tx, user_id)
    if row is None or row["password_hash"] != before:
        raise Refused
    store.set_password(tx, user_id, password_hash)


def remove(tx: Transaction, ids: Sequence[str]) -> None:
    """Also deletes what belongs to the users."""
    removal.run(tx, ids)
    store.delete(tx, ids)


project_models.removal.follow(store.forget_default_project)


@project_models.domain_removal.follow
def _of_domains(tx: Transaction, domain_ids: Sequence[str]) -> None:
    for domain_id in domain_ids:
        remove(tx, store.of_domain(tx, domain_id))
