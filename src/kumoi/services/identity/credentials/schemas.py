"""Shapes of credentials: docs.openstack.org/api-ref/identity/v3/#credentials."""

from typing import Any

import msgspec

from kumoi.kernel.http import Request
from kumoi.kernel.shapes import Extensible
from kumoi.services.identity.credentials.models import CredentialRow
from kumoi.services.identity.fields import UNSET, Id, Unset
from kumoi.services.identity.listing import Itself
from kumoi.services.identity.users.schemas import Name

Blob = str | dict[str, Any]


class CredentialCreate(msgspec.Struct, kw_only=True):
    type: Name
    blob: Blob
    user_id: str | None = None
    project_id: Id | None = None


class CreateBody(msgspec.Struct):
    credential: CredentialCreate


class CredentialUpdate(msgspec.Struct, kw_only=True):
    type: Name | Unset = UNSET
    blob: Blob | Unset = UNSET
    user_id: str | Unset = UNSET
    project_id: str | Unset | None = UNSET


class UpdateBody(msgspec.Struct):
    credential: CredentialUpdate


class Ec2Create(msgspec.Struct):
    tenant_id: str


class Ec2Signed(msgspec.Struct, kw_only=True):
    """A signed request that another service got."""

    access: str
    signature: str
    host: str = ""
    verb: str = ""
    path: str = ""
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    body_hash: str = ""


class Ec2Body(msgspec.Struct):
    credentials: Ec2Signed


class S3Signed(msgspec.Struct, kw_only=True):
    """`token`: the text that was signed, in Base64."""

    access: str
    signature: str
    token: str


class S3Body(msgspec.Struct):
    credentials: S3Signed


class Credential(Extensible, kw_only=True):
    id: str
    type: str
    user_id: str
    project_id: str | None
    blob: str
    links: Itself


class Ec2(msgspec.Struct, kw_only=True):
    user_id: str
    tenant_id: str | None
    access: str
    secret: str
    trust_id: None
    links: Itself


def credential(row: CredentialRow, blob: str, request: Request) -> dict[str, Any]:
    fields = {name: row[name] for name in ("id", "type", "user_id", "project_id")}
    return {**row["extra"], **fields, "blob": blob, "links": {"self": request.link(f"/credentials/{row['id']}")}}


def ec2(row: CredentialRow, blob: str, request: Request) -> dict[str, Any]:
    """As the extension OS-EC2 shows a pair of keys."""
    keys = msgspec.json.decode(blob)
    path = f"/users/{row['user_id']}/credentials/OS-EC2/{keys['access']}"
    return {
        "user_id": row["user_id"],
        "tenant_id": row["project_id"],
        "access": keys["access"],
        "secret": keys["secret"],
        "trust_id": None,
        "links": {"self": request.link(path)},
    }
