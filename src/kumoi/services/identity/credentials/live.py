"""Seals and opens blobs. The keys are files of the cloud, not rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from kumoi.kernel import randomness
from kumoi.kernel.database import Transaction
from kumoi.kernel.http import Request
from kumoi.services.identity import listing
from kumoi.services.identity.credentials import logic, schemas, signers, store
from kumoi.services.identity.credentials.models import CredentialRow
from kumoi.services.identity.errors import Refused
from kumoi.services.identity.tokens import logic as token_logic
from kumoi.services.identity.tokens import schemas as token_schemas
from kumoi.services.identity.tokens import store as token_store


@dataclass(frozen=True)
class Sealed:
    """A blob, in clear and sealed. `access_digest`: only of type ec2."""

    blob: str
    sealed: str
    access_digest: str | None


def opened(request: Request, row: CredentialRow) -> tuple[CredentialRow, str]:
    """The row, and its blob in clear."""
    return row, request.keys.open_secret(row["sealed_blob"])


def seal(request: Request, body: schemas.CreateBody) -> Sealed:
    return _sealed(request, body.credential.type, logic.text_of(body.credential.blob))


def new_keys(request: Request, user_id: str, body: schemas.Ec2Create) -> Sealed:
    """A new pair of keys. Their permissions are the user's permissions in the project at the time of use."""
    logic.check_may_create_ec2(request.who)
    keys = {"access": randomness.new_secret(16), "secret": randomness.new_secret(16), "trust_id": None}
    return _sealed(request, logic.EC2, msgspec.json.encode(keys).decode())


def _sealed(request: Request, kind: str, blob: str) -> Sealed:
    return Sealed(blob, request.keys.seal_secret(blob), logic.digest_of(kind, blob))


def token(request: Request, access: str, is_signed: Callable[[str], bool]) -> tuple[str, bytes]:
    """A token of the user who signed something, and its body; Refused if nobody did. `is_signed`: with this secret."""
    logic.check_may_ask_about_signatures(request.who)
    signer = signers.find(request.database, request.keys, access)
    if signer is None or not is_signed(signer.secret):
        raise Refused

    def issue(tx: Transaction) -> tuple[str, bytes]:
        claim = token_logic.Claim(user=token_store.user(tx, signer.who.user_id), methods=["ec2credential"])
        if claim.user is None or store.with_access(tx, signer.access_digest) is None:
            raise Refused
        scope = token_schemas.Scope(project=token_schemas.ProjectName(id=signer.who.project_id))
        standing = token_logic.issue(tx, claim, scope)
        body = token_logic.describe(tx, standing, request.base_url, True)
        return request.keys.seal(standing.payload), msgspec.json.encode(body)

    return request.database.read(issue)


def update(request: Request, id: str, changes: dict[str, Any], extra: dict[str, Any]) -> CredentialRow:
    if "blob" in changes:
        blob = logic.text_of(changes.pop("blob"))
        kind = request.database.read(lambda tx: logic.check_may_update(tx, request.who, id))["type"]
        changes["sealed_blob"] = request.keys.seal_secret(blob)
        changes["access_digest"] = logic.digest_of(kind, blob)
    return request.database.write(lambda tx: logic.update(tx, request.who, id, changes, extra))


def show(request: Request, id: str) -> tuple[CredentialRow, str]:
    return opened(request, request.database.read(lambda tx: logic.show(tx, request.who, id)))


def show_ec2(request: Request, user_id: str, access: str) -> tuple[CredentialRow, str]:
    return opened(request, request.database.read(lambda tx: logic.show_ec2(tx, request.who, user_id, access)))


def page(request: Request, query: listing.Params) -> tuple[list[tuple[CredentialRow, str]], dict[str, Any]]:
    rows, links = request.database.read(lambda tx: listing.page(request, logic.select(tx, request.who, query)))
    return [opened(request, row) for row in rows], links


def page_ec2(request: Request, user_id: str) -> list[tuple[CredentialRow, str]]:
    rows, _ = request.database.read(lambda tx: listing.page(request, logic.select_ec2(tx, request.who, user_id)))
    return [opened(request, row) for row in rows]
