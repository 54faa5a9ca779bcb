"""Checks who may create, see and delete which application credentials."""

from collections.abc import Sequence
from typing import Any

from kumoi.kernel import clock
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Forbidden, NotBuilt
from kumoi.kernel.who import Who
from kumoi.services.identity import listing, policy
from kumoi.services.identity.application_credentials import schemas, store
from kumoi.services.identity.application_credentials.models import ApplicationCredentialRow, application_credentials
from kumoi.services.identity.assignments import effective
from kumoi.services.identity.errors import Absent, Invalid, NotAllowed, Taken
from kumoi.services.identity.project_rows import models as project_models
from kumoi.services.identity.roles import models as role_models
from kumoi.services.identity.users import models as user_models
from kumoi.services.identity.users import store as user_store


def _check_owner(tx: Transaction, who: Who, user_id: str, action: str, *, admin: bool) -> None:
    """The caller must be the user, or with `admin` may be an admin. A token of a restricted credential may create and
    delete none."""
    policy.check_not_of_domain(who, action)
    if who.user_id != user_id and not (admin and who.is_admin):
        raise NotAllowed(action)
    if who.application_credential_id:
        row = store.find(tx, who.application_credential_id)
        if row is None or not row["unrestricted"]:
            raise NotAllowed(action)


FILTERS = {"name": application_credentials.c.folded_name}
LIST_QUERY = listing.query(FILTERS)


def select(
    tx: Transaction, who: Who, user_id: str, params: listing.Params
) -> listing.Selection[ApplicationCredentialRow]:
    policy.check_not_of_domain(who, "list_application_credentials")
    if who.user_id != user_id:
        policy.check_reads_all(who, "list_application_credentials")
    if user_store.find(tx, user_id) is None:
        raise Absent("user", user_id)
    named = listing.conditions(params, FILTERS)
    wanted = [application_credentials.c.user_id == user_id, *named]
    return listing.Selection(
        lambda marker, limit: store.listed(tx, wanted, marker, limit), lambda id: store.find(tx, id)
    )


def roles(tx: Transaction, ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    return store.roles_of(tx, ids)


def show(tx: Transaction, who: Who, user_id: str, id: str) -> ApplicationCredentialRow:
    policy.check_not_of_domain(who, "get_application_credential")
    if who.user_id != user_id:
        policy.check_reads_all(who, "get_application_credential")
    return _found(tx, who, user_id, id, "get_application_credential")


def _found(tx: Transaction, who: Who, user_id: str, id: str, action: str) -> ApplicationCredentialRow:
    """NotAllowed for another user's credential below the caller's own path."""
    row = store.find(tx, id)
    if row is not None and row["user_id"] != user_id and not who.is_admin:
        raise NotAllowed(action)
    if row is None or row["user_id"] != user_id:
        raise Absent("Application Credential", id)
    return row


def check_may_create(tx: Transaction, who: Who, user_id: str, wanted: schemas.ApplicationCredentialCreate) -> None:
    """Asked before the slow hash, and again when it is stored."""
    if wanted.access_rules:
        raise NotBuilt("Access rules are not supported: leave out access_rules.")
    _check_owner(tx, who, user_id, "create_application_credential", admin=False)
    if who.project_id is None:
        raise Forbidden("Application credentials are made with a token of the project that they are for.")
    if store.named(tx, user_id, wanted.name):
        raise Taken("application_credential", f"name {wanted.name}")


def create(
    tx: Transaction, who: Who, user_id: str, wanted: schemas.ApplicationCredentialCreate, secret_hash: str
) -> ApplicationCredentialRow:
    """For the project of the caller's token, with some of its roles. Without roles, or with an empty list as some
    clients send it: all of them."""
    check_may_create(tx, who, user_id, wanted)
    assert who.project_id is not None
    held = effective.roles(tx, user_id, "project", who.project_id)
    own = {role["id"]: role["name"] for role in held if role["name"] in who.roles}
    ids = {_role_id(role, own) for role in wanted.roles} if wanted.roles else set(own)
    if not ids:
        raise Invalid("application_credential.roles", "at least one is needed")
    id = tx.new_hex()
    store.insert(
        tx, sorted(ids), id=id, user_id=user_id, project_id=who.project_id, name=wanted.name,
        description=wanted.description, secret_hash=secret_hash, expires_at=_expiry(wanted.expires_at, tx.now),
        unrestricted=wanted.unrestricted,
    )  # fmt: skip
    row = store.find(tx, id)
    assert row is not None
    return row


def _role_id(role: schemas.RoleName, own: dict[str, str]) -> str:
    for id, name in own.items():
        if (role.id == id) if role.id is not None else (role.name == name):
            return id
    raise Invalid("application_credential.roles", f"the caller has no role {role.id or role.name}")


def _expiry(text: str | None, now: int) -> int | None:
    if text is None:
        return None
    try:
        instant = clock.parse_iso(text)
    except ValueError:
        raise Invalid("application_credential.expires_at", "it is no time as 2030-01-31T12:00:00Z") from None
    if instant <= now:
        raise Invalid("application_credential.expires_at", "it has passed")
    return instant


def delete(tx: Transaction, who: Who, user_id: str, id: str) -> None:
    """Its tokens hold no more."""
    _check_owner(tx, who, user_id, "delete_application_credential", admin=True)
    _found(tx, who, user_id, id, "delete_application_credential")
    store.delete(tx, id)


@policy.when_roles_are_lost
def _delete_what_exceeds(tx: Transaction, user_ids: Sequence[str] | None) -> None:
    """Delete the credentials with a role that their user no longer has on the project. They would be valid again when
    the user gets the role back, which nobody who took it expects."""
    rows = store.of_users(tx, user_ids)
    given = store.roles_of(tx, [row["id"] for row in rows])
    for row in rows:
        held = {role["id"] for role in effective.roles(tx, row["user_id"], "project", row["project_id"])}
        if not {role["id"] for role in given.get(row["id"], ())} <= held:
            store.delete(tx, row["id"])


policy.when_grants_end(store.delete_of_users_on_projects)
user_models.removal.follow(store.delete_of_users)
project_models.removal.follow(store.delete_of_projects)
role_models.removal.follow(store.forget_roles)
