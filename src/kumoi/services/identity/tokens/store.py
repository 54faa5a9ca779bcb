"""The SQL of tokens: the users and scopes that their ids name, and revocations."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction
from kumoi.services.identity import names
from kumoi.services.identity.application_credentials.models import (
    ApplicationCredentialRow,
    application_credential_roles,
    application_credentials,
)
from kumoi.services.identity.project_rows.models import NO_DOMAIN, projects
from kumoi.services.identity.tokens.models import revocations
from kumoi.services.identity.users.models import users

_domains = projects.alias("domains")

_USER = sa.select(
    users.c.id, users.c.name, users.c.domain_id, users.c.default_project_id, users.c.enabled, users.c.options,
    users.c.generation, _domains.c.name.label("domain_name"),
    _domains.c.enabled.label("domain_enabled"),
).join(_domains, _domains.c.id == users.c.domain_id)  # fmt: skip

_SCOPE = sa.select(
    projects.c.id, projects.c.name, projects.c.domain_id, projects.c.is_domain, projects.c.enabled,
    projects.c.generation, _domains.c.name.label("domain_name"), _domains.c.enabled.label("domain_enabled"),
).outerjoin(_domains, _domains.c.id == projects.c.domain_id)  # fmt: skip


def user(tx: Transaction, user_id: str) -> dict[str, Any] | None:
    """With the name of its domain, and whether the domain is enabled."""
    return tx.one(_USER.where(users.c.id == user_id))


def user_named(tx: Transaction, name: str, domain: sa.ColumnElement[bool]) -> dict[str, Any] | None:
    return tx.one(_USER.where(users.c.folded_name == names.folded(name), domain))


def password_hash(tx: Transaction, user_id: str) -> str | None:
    found: str | None = tx.scalar(sa.select(users.c.password_hash).where(users.c.id == user_id))
    return found


def domain_is(*, id: str | None, name: str | None) -> sa.ColumnElement[bool]:
    """The condition on the joined domain, by id or by name."""
    return _domains.c.id == id if id is not None else _domains.c.folded_name == names.folded(name or "")


def scope(tx: Transaction, project_id: str) -> dict[str, Any] | None:
    """A project or domain with its domain's name and whether that is enabled (None of a domain)."""
    return tx.one(_SCOPE.where(projects.c.id == project_id))


def project_named(tx: Transaction, name: str, domain: sa.ColumnElement[bool]) -> dict[str, Any] | None:
    return tx.one(_SCOPE.where(projects.c.folded_name == names.folded(name), projects.c.is_domain.is_(False), domain))


def domain_named(tx: Transaction, name: str) -> dict[str, Any] | None:
    return tx.one(_SCOPE.where(projects.c.folded_name == names.folded(name), projects.c.domain_id == NO_DOMAIN))


def scopes(tx: Transaction, ids: set[str]) -> list[dict[str, Any]]:
    return tx.all(_SCOPE.where(projects.c.id.in_(ids)).order_by(projects.c.name, projects.c.id)) if ids else []


def application_credential(tx: Transaction, id: str) -> ApplicationCredentialRow | None:
    return tx.one(
        sa.select(application_credentials).where(application_credentials.c.id == id), ApplicationCredentialRow
    )


def application_credential_named(tx: Transaction, user_id: str, name: str) -> ApplicationCredentialRow | None:
    same = (application_credentials.c.user_id == user_id, application_credentials.c.folded_name == names.folded(name))
    return tx.one(sa.select(application_credentials).where(*same), ApplicationCredentialRow)


def application_credential_role_ids(tx: Transaction, id: str) -> set[str]:
    rows = application_credential_roles
    query = sa.select(rows.c.role_id).where(rows.c.application_credential_id == id)
    return {row["role_id"] for row in tx.all(query)}


def revoked(tx: Transaction, audit_ids: Sequence[str]) -> bool:
    return tx.scalar(sa.select(sa.literal(1)).where(revocations.c.audit_id.in_(audit_ids))) is not None


def revoke(tx: Transaction, audit_id: str, expires_at: int, forget_before: int) -> None:
    """Forgets revocations of tokens that ended before the instant `forget_before`."""
    tx.execute(revocations.delete().where(revocations.c.expires_at < forget_before))
    tx.upsert(revocations, {"audit_id": audit_id}, {"revoked_at": tx.now, "expires_at": expires_at})
    epochs.advance(tx, "identity")
