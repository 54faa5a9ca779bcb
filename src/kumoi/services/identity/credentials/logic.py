"""Checks who may create, see and change which credentials. Blobs are already sealed here."""

import hashlib
from typing import Any

import msgspec

from kumoi.kernel.bodies import is_too_deep
from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.identity import additional, listing, policy
from kumoi.services.identity.credentials import store
from kumoi.services.identity.credentials.models import CredentialRow, credentials
from kumoi.services.identity.errors import Absent, Invalid, NotAllowed, Taken
from kumoi.services.identity.project_rows import models as project_models
from kumoi.services.identity.project_rows import store as project_store
from kumoi.services.identity.users import models as user_models
from kumoi.services.identity.users import store as user_store

EC2 = "ec2"
FILTERS = {"user_id": credentials.c.user_id, "type": credentials.c.type}
LIST_QUERY = listing.query(FILTERS)


def text_of(blob: str | dict[str, Any]) -> str:
    return blob if isinstance(blob, str) else msgspec.json.encode(blob).decode()


def digest(access: str) -> str:
    """Digest by which an EC2 access key is found. It is also the id of a new credential."""
    return hashlib.sha256(access.encode()).hexdigest()


def digest_of(kind: str, blob: str) -> str | None:
    """Of the access key in a blob of type ec2; None for other types. Invalid if the blob has no keys."""
    if kind.lower() != EC2:
        return None
    if is_too_deep(blob.encode()):
        raise Invalid("credential.blob", "it is nested too deeply")
    try:
        keys = msgspec.json.decode(blob, type=dict[str, Any])
        access, _ = keys["access"], keys["secret"]
    except (msgspec.DecodeError, KeyError):
        raise Invalid("credential.blob", "of the type ec2 it is a JSON object with access and secret") from None
    return digest(str(access))


def select(tx: Transaction, who: Who, params: listing.Params) -> listing.Selection[CredentialRow]:
    """The caller's own credentials. Admins and system readers see all."""
    wanted = listing.conditions(params, FILTERS)
    if not policy.reads_all(who) or who.application_credential_id:
        wanted.append(credentials.c.user_id == who.user_id)
    if who.application_credential_id:
        wanted.append(credentials.c.project_id == who.project_id)
    return _selection(tx, wanted)


def select_ec2(tx: Transaction, who: Who, user_id: str) -> listing.Selection[CredentialRow]:
    policy.check_not_of_domain(who, "ec2_list_credentials")
    if who.user_id != user_id:
        policy.check_reads_all(who, "ec2_list_credentials")
    wanted = [credentials.c.user_id == user_id, credentials.c.type == EC2]
    if who.application_credential_id:
        wanted.append(credentials.c.project_id == who.project_id)
    return _selection(tx, wanted)


def _selection(tx: Transaction, wanted: listing.Conditions) -> listing.Selection[CredentialRow]:
    return listing.Selection(
        lambda marker, limit: store.listed(tx, wanted, marker, limit), lambda id: store.find(tx, id)
    )


def show(tx: Transaction, who: Who, id: str) -> CredentialRow:
    return _shown(who, store.find(tx, id), id)


def show_ec2(tx: Transaction, who: Who, user_id: str, access: str) -> CredentialRow:
    """By access key. The key must belong to the user."""
    return _shown(who, _ec2(tx, who, user_id, access, "ec2_get_credential"), access)


def _ec2(tx: Transaction, who: Who, user_id: str, access: str, action: str) -> CredentialRow:
    """The row. For an admin the user id need not match."""
    row = store.with_access(tx, digest(access))
    if row is None:
        raise Absent("credential", access)
    policy.check_not_of_domain(who, action)
    if row["user_id"] != user_id and not who.is_admin:
        raise NotAllowed(action)
    return row


def _shown(who: Who, row: CredentialRow | None, id: str) -> CredentialRow:
    if row is None or who.user_id != row["user_id"]:
        policy.check_reads_all(who, "get_credential")
    if row is None:
        raise Absent("credential", id)
    if who.application_credential_id and row["project_id"] != who.project_id:
        raise NotAllowed("get_credential")
    return row


def create(
    tx: Transaction,
    who: Who,
    values: dict[str, Any],
    access_digest: str | None,
    sealed_blob: str,
    extra: dict[str, Any],
) -> CredentialRow:
    """`values`: type, user_id (None: the caller), project_id. Refused for a token of an application credential, because
    the new credential would outlive it."""
    user_id = values["user_id"] or who.user_id
    if (user_id != who.user_id and not policy.is_admin(who)) or who.application_credential_id:
        raise NotAllowed("create_credential")
    if user_store.find(tx, user_id) is None:
        raise Absent("user", user_id)
    project_id = values["project_id"]
    if values["type"].lower() == EC2:
        if project_id is None:
            raise Invalid("credential.project_id", "of the type ec2 it is needed")
        if project_store.find(tx, project_id) is None:
            raise Absent("project", project_id)
    id = access_digest or tx.new_hex()
    if access_digest and (store.find(tx, id) or store.with_access(tx, access_digest)):
        raise Taken("credential", "this access key")
    store.insert(
        tx, id=id, type=values["type"], user_id=user_id, project_id=project_id, access_digest=access_digest,
        sealed_blob=sealed_blob, extra=extra,
    )  # fmt: skip
    row = store.find(tx, id)
    assert row is not None
    return row


def check_may_create_ec2(who: Who) -> None:
    """Refuses tokens of a domain and read-only tokens."""
    policy.check_not_of_domain(who, "ec2_create_credential")
    if "member" not in who.roles:
        raise NotAllowed("ec2_create_credential")


def check_may_ask_about_signatures(who: Who) -> None:
    """Admins and services. Others could guess at secrets, or use what they saw others sign."""
    if not who.is_admin and "service" not in who.roles:
        raise NotAllowed("ec2tokens_validate")


def _changeable(who: Who, row: CredentialRow | None, id: str, action: str) -> CredentialRow:
    mine = row is not None and who.user_id == row["user_id"]
    if (not mine and not policy.is_admin(who)) or who.application_credential_id:
        raise NotAllowed(action)
    if row is None:
        raise Absent("credential", id)
    return row


def check_may_update(tx: Transaction, who: Who, id: str) -> CredentialRow:
    return _changeable(who, store.find(tx, id), id, "update_credential")


def update(tx: Transaction, who: Who, id: str, changes: dict[str, Any], extra: dict[str, Any]) -> CredentialRow:
    """`changes`: fields of CredentialUpdate, with the blob as `sealed_blob` and `access_digest`. Only the blob may
    change."""
    row = check_may_update(tx, who, id)
    for name in ("type", "user_id", "project_id"):
        if changes.get(name, row[name]) != row[name]:
            raise Invalid(f"credential.{name}", "it cannot be changed: delete the credential and create another one")
    other = store.with_access(tx, changes["access_digest"]) if changes.get("access_digest") else None
    if other is not None and other["id"] != id:
        raise Taken("credential", "this access key")
    store.update(tx, id, {**changes, "extra": additional.merged("credential", row["extra"], extra)})
    return show(tx, who, id)


def delete(tx: Transaction, who: Who, id: str) -> None:
    _changeable(who, store.find(tx, id), id, "delete_credential")
    store.delete(tx, id)


def delete_ec2(tx: Transaction, who: Who, user_id: str, access: str) -> None:
    row = _ec2(tx, who, user_id, access, "ec2_delete_credential")
    _changeable(who, row, access, "ec2_delete_credential")
    store.delete(tx, row["id"])


user_models.removal.follow(store.delete_of_users)
project_models.removal.follow(store.delete_of_projects)
