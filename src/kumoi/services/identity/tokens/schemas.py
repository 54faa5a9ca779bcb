"""Shapes of tokens: docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from kumoi.kernel import clock
from kumoi.services.identity.tokens.standing import Standing


class DomainName(msgspec.Struct, kw_only=True):
    id: str | None = None
    name: str | None = None


class UserName(msgspec.Struct, kw_only=True):
    id: str | None = None
    name: str | None = None
    domain: DomainName | None = None


class UserPassword(UserName, kw_only=True):
    password: str


class PasswordMethod(msgspec.Struct):
    user: UserPassword


class TokenMethod(msgspec.Struct):
    id: str


class ApplicationCredentialMethod(msgspec.Struct, kw_only=True):
    secret: str
    id: str | None = None
    name: str | None = None
    user: UserName | None = None


class Identity(msgspec.Struct, kw_only=True):
    methods: list[str]
    password: PasswordMethod | None = None
    token: TokenMethod | None = None
    application_credential: ApplicationCredentialMethod | None = None


class ProjectName(msgspec.Struct, kw_only=True):
    id: str | None = None
    name: str | None = None
    domain: DomainName | None = None


class SystemName(msgspec.Struct, kw_only=True):
    all: bool = False


class Scope(msgspec.Struct, kw_only=True):
    project: ProjectName | None = None
    domain: DomainName | None = None
    system: SystemName | None = None
    unscoped: dict[str, Any] | None = None
    trust: dict[str, Any] | None = msgspec.field(name="OS-TRUST:trust", default=None)


class Auth(msgspec.Struct, kw_only=True):
    identity: Identity
    scope: Scope | str | None = None


class AuthBody(msgspec.Struct):
    auth: Auth


class IssueQuery(msgspec.Struct, kw_only=True):
    nocatalog: str | None = None


class CheckQuery(msgspec.Struct, kw_only=True):
    nocatalog: str | None = None
    allow_expired: str | None = None


class Home(msgspec.Struct):
    id: str | None
    name: str | None


class TokenUser(msgspec.Struct, kw_only=True):
    id: str
    name: str
    domain: Home
    password_expires_at: None


class TokenProject(msgspec.Struct, kw_only=True):
    id: str
    name: str
    domain: Home


class TokenRole(msgspec.Struct, kw_only=True):
    id: str
    name: str


class TokenCredential(msgspec.Struct, kw_only=True):
    id: str
    name: str
    restricted: bool


class CatalogEndpoint(msgspec.Struct, kw_only=True):
    id: str
    interface: str
    region: str | None
    region_id: str | None
    url: str


class CatalogEntry(msgspec.Struct, kw_only=True):
    id: str
    type: str
    name: str | None
    endpoints: list[CatalogEndpoint]


class WholeSystem(msgspec.Struct):
    all: bool


class Token(msgspec.Struct, kw_only=True):
    """At most one of project, domain and system. None of them: unscoped."""

    methods: list[str]
    user: TokenUser
    audit_ids: list[str]
    expires_at: str
    issued_at: str
    project: TokenProject | UnsetType = UNSET
    is_domain: bool | UnsetType = UNSET
    domain: Home | UnsetType = UNSET
    system: WholeSystem | UnsetType = UNSET
    roles: list[TokenRole] | UnsetType = UNSET
    application_credential: TokenCredential | UnsetType = UNSET
    catalog: list[CatalogEntry] | UnsetType = UNSET


def token(standing: Standing, catalog: list[dict[str, Any]] | None) -> dict[str, Any]:
    """`catalog` None: left out, as for an unscoped token."""
    payload, user, scope = standing.payload, standing.user, standing.scope
    ids = payload.audit_ids
    body: dict[str, Any] = {
        "methods": list(payload.methods),
        "user": {
            "id": user["id"],
            "name": user["name"],
            "domain": {"id": user["domain_id"], "name": user["domain_name"]},
            "password_expires_at": None,
        },
        "audit_ids": [ids[0]] if len(ids) == 1 else [ids[0], ids[-1]],
        "expires_at": clock.iso_microseconds(payload.expires_at, "Z"),
        "issued_at": clock.iso_microseconds(payload.issued_at, "Z"),
    }
    if scope is not None and payload.project_id:
        domain = {"id": scope["domain_id"] or None, "name": scope["domain_name"]}
        body["project"] = {"id": scope["id"], "name": scope["name"], "domain": domain}
        body["is_domain"] = scope["is_domain"]
    elif scope is not None:
        body["domain"] = {"id": scope["id"], "name": scope["name"]}
    elif payload.system:
        body["system"] = {"all": True}
    if standing.roles:
        body["roles"] = standing.roles
    if standing.application_credential is not None:
        credential = standing.application_credential
        body["application_credential"] = {
            "id": credential["id"],
            "name": credential["name"],
            "restricted": not credential["unrestricted"],
        }
    if catalog is not None:
        body["catalog"] = catalog
    return {"token": body}
