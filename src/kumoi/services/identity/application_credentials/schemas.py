"""Shapes of application credentials: docs.openstack.org/api-ref/identity/v3/#application-credentials."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from kumoi.kernel import clock
from kumoi.services.identity.application_credentials.models import ApplicationCredentialRow
from kumoi.services.identity.fields import UNSET, Unset
from kumoi.services.identity.listing import Itself
from kumoi.services.identity.users.schemas import Name, Password


class RoleName(msgspec.Struct, kw_only=True):
    id: str | None = None
    name: str | None = None


class ApplicationCredentialCreate(msgspec.Struct, kw_only=True):
    name: Name
    description: str | None = None
    secret: Password | None = None
    roles: list[RoleName] | None = None
    expires_at: str | None = None
    unrestricted: bool = False
    access_rules: list[dict[str, Any]] | None = None


class CreateBody(msgspec.Struct):
    application_credential: ApplicationCredentialCreate


class RoleGiven(msgspec.Struct, kw_only=True):
    id: str
    name: str
    domain_id: str | None


class ApplicationCredential(msgspec.Struct, kw_only=True):
    id: str
    name: str
    description: str | None
    user_id: str
    project_id: str
    system: None
    roles: list[RoleGiven]
    expires_at: str | None
    unrestricted: bool
    links: Itself
    secret: str | Unset = UNSET


def application_credential(
    row: ApplicationCredentialRow,
    roles: Sequence[dict[str, Any]],
    link: Callable[[str], str],
    secret: str | None = None,
) -> dict[str, Any]:
    """`secret`: shown only in the reply to its creation."""
    expires_at = row["expires_at"]
    shown = {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "user_id": row["user_id"],
        "project_id": row["project_id"],
        "system": None,
        "roles": list(roles),
        "expires_at": clock.iso_microseconds(expires_at) if expires_at is not None else None,
        "unrestricted": row["unrestricted"],
        "links": {"self": link(f"/users/{row['user_id']}/application_credentials/{row['id']}")},
    }
    if secret is not None:
        shown["secret"] = secret
    return shown
