"""Who may keep which credential; blobs arrive here sealed."""

import hashlib
from typing import Any

import msgspec

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.identity import listing, policy
from kumoi.services.identity.assignments import effective
from kumoi.services.identity.credentials import store
from kumoi.services.identity.credentials.models import credentials
from kumoi.services.identity.errors import Absent, Invalid, NotAllowed, Taken
from kumoi.services.identity.projects import store as project_store
from kumoi.services.identity.users import store as user_store

EC2 = "ec2"
FILTERS = {"user_id": credentials.c.user_id, "type": credentials.c.type}


def text_of(blob: str | dict[str, Any]) -> str:
    return blob if isinstance(blob, str) else msgspec.json.encode(blob).decode()


def ec2_id(access: str) -> str:
    """Found by the access key alone, which a signed request carries."""
    return hashlib.sha256(access.encode()).hexdigest()


def id_of(kind: str, blob: str) -> str | None:
    """The id that an EC2 credential's keys give it; None: any will do. Invalid when there are no keys in it."""
    if kind.lower() != EC2:
        return None
    try:
        keys = msgspec.json.decode(blob, type=dict[str, Any])
        return ec2_id(str(keys["access"])) if keys["secret"] else None
    except (msgspec.DecodeError, KeyError):
        raise Invalid("credential.blob", "of the type ec2 it is a JSON object with access and secret") from None


def select(tx: Transaction, who: Who, params: listing.Params) -> listing.Selection:
    """One's own; admins and readers of the system see all."""
    wanted = listing.conditions(params, FILTERS)
    if not policy.reads_all(who) or who.application_credential_id:
        wanted.append(credentials.c.user_id == who.user_id)
    if who.application_credential_id:
        wanted.append(credentials.c.project_id == who.project_id)
    return _selection(tx, wanted)


def select_ec2(tx: Transaction, who: Who, user_id: str) -> listing.Selection:
    if who.user_id != user_id:
        policy.check_reads_all(who, "ec2_list_credentials")
    return _selection(tx, [credentials.c.user_id == user_id, credentials.c.type == EC2])


def _selection(tx: Transaction, wanted: listing.Conditions) -> listing.Selection:
    return listing.Selection(
        lambda marker, limit: store.listed(tx, wanted, marker, limit), lambda id: store.find(tx, id)
    )


def show(tx: Transaction, who: Who, id: str, user_id: str | None = None) -> dict[str, Any]:
    """`user_id`: the user whose it must be."""
    row = store.find(tx, id)
    if row is not None and row["user_id"] != who.user_id:
        policy.check_reads_all(who, "get_credential")
    if row is None or user_id not in (None, row["user_id"]):
        raise Absent("credential", id)
    return row


def create(
    tx: Transaction, who: Who, values: dict[str, Any], id: str | None, sealed_blob: str, extra: dict[str, Any]
) -> dict[str, Any]:
    """`values`: type, user_id (None: the caller), project_id. A token from an application credential makes none: what
    it made would outlive it."""
    user_id = values["user_id"] or who.user_id
    if (user_id != who.user_id and not who.is_admin) or who.application_credential_id:
        raise NotAllowed("create_credential")
    if user_store.find(tx, user_id) is None:
        raise Absent("user", user_id)
    project_id = values["project_id"]
    if values["type"].lower() == EC2:
        if project_id is None:
            raise Invalid("credential.project_id", "of the type ec2 it is needed")
        if project_store.find(tx, project_id) is None:
            raise Absent("project", project_id)
        if not who.is_admin:
            _check_project(tx, user_id, project_id, "create_credential")
    id = id or tx.new_hex()
    if store.find(tx, id) is not None:
        raise Taken("credential", f"ID {id}")
    store.insert(
        tx, id=id, type=values["type"], user_id=user_id, project_id=project_id, sealed_blob=sealed_blob, extra=extra
    )
    row = store.find(tx, id)
    assert row is not None
    return row


def _check_project(tx: Transaction, user_id: str, project_id: str | None, action: str) -> None:
    """NotAllowed unless the user has a role on the project."""
    if project_id not in effective.project_ids(tx, user_id):
        raise NotAllowed(action)


def _changeable(tx: Transaction, who: Who, id: str, action: str) -> dict[str, Any]:
    row = store.find(tx, id)
    if (row is None or row["user_id"] != who.user_id) and not who.is_admin:
        raise NotAllowed(action)
    if who.application_credential_id:
        raise NotAllowed(action)
    if row is None:
        raise Absent("credential", id)
    return row


def update(tx: Transaction, who: Who, id: str, changes: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """`changes`: fields of CredentialUpdate, the blob as `sealed_blob` and what it says the id must be as `id`."""
    row = _changeable(tx, who, id, "update_credential")
    if not who.is_admin and changes.get("user_id", row["user_id"]) != row["user_id"]:
        raise NotAllowed("update_credential")
    project_id = changes.get("project_id", row["project_id"])
    if project_id != row["project_id"] and not who.is_admin:
        _check_project(tx, row["user_id"], project_id, "update_credential")
    if (changes.get("type", row["type"]).lower() == EC2) != (row["type"].lower() == EC2):
        raise Invalid("credential.type", "a credential does not become or cease to be of the type ec2")
    if row["type"].lower() == EC2 and changes.get("id", id) != id:
        raise Invalid("credential.blob", "the access key stays: delete the credential and make another")
    changes = {name: value for name, value in changes.items() if name != "id"}
    store.update(tx, id, {**changes, "extra": {**row["extra"], **extra}})
    found = store.find(tx, id)
    assert found is not None
    return found


def delete(tx: Transaction, who: Who, id: str, user_id: str | None = None) -> None:
    row = _changeable(tx, who, id, "delete_credential")
    if user_id not in (None, row["user_id"]):
        raise Absent("credential", id)
    store.delete(tx, id)
