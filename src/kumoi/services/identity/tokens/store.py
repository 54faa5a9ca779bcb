"""The SQL of tokens: the users and scopes that their ids name, and revocations."""

from collections.abc import Sequence

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction
from kumoi.services.identity import names
from kumoi.services.identity.application_credentials.models import (
    ApplicationCredentialRow,
)
from kumoi.services.identity.application_credentials.models import (
    application_credential_roles as application_credential_roles_table,
)
from kumoi.services.identity.application_credentials.models import (
    application_credentials as application_credentials_table,
)
from kumoi.services.identity.project_rows.models import NO_DOMAIN
from kumoi.services.identity.project_rows.models import projects as projects_table
from kumoi.services.identity.tokens.models import TokenScope, TokenUser, revocations
from kumoi.services.identity.users.models import users as users_table

_domains = projects_table.alias("domains")

_USER = sa.select(
    users_table.c.id, users_table.c.name, users_table.c.domain_id, users_table.c.default_project_id,
    users_table.c.enabled, users_table.c.options,
    users_table.c.generation, _domains.c.name.label("domain_name"),
    _domains.c.enabled.label("domain_enabled"),
).join(_domains, _domains.c.id == users_table.c.domain_id)  # fmt: skip

_SCOPE = sa.select(
    projects_table.c.id, projects_table.c.name, projects_table.c.domain_id, projects_table.c.is_domain,
    projects_table.c.enabled,
    projects_table.c.generation, _domains.c.name.label("domain_name"), _domains.c.enabled.label("domain_enabled"),
).outerjoin(_domains, _domains.c.id == projects_table.c.domain_id)  # fmt: skip


def user(tx: Transaction, user_id: str) -> TokenUser | None:
    return tx.one(_USER.where(users_table.c.id == user_id), TokenUser)


def user_named(tx: Transaction, name: str, domain: sa.ColumnElement[bool]) -> TokenUser | None:
    return tx.one(_USER.where(users_table.c.folded_name == names.folded(name), domain), TokenUser)


def password_hash(tx: Transaction, user_id: str) -> str | None:
    found: str | None = tx.scalar(sa.select(users_table.c.password_hash).where(users_table.c.id == user_id))
    return found


def domain_is(*, id: str | None, name: str | None) -> sa.ColumnElement[bool]:
    """The condition on the joined domain, by id or by name."""
    return _domains.c.id == id if id is not None else _domains.c.folded_name == names.folded(name or "")


def scope(tx: Transaction, project_id: str) -> TokenScope | None:
    return tx.one(_SCOPE.where(projects_table.c.id == project_id), TokenScope)


def project_named(tx: Transaction, name: str, domain: sa.ColumnElement[bool]) -> TokenScope | None:
    named = (projects_table.c.folded_name == names.folded(name), projects_table.c.is_domain.is_(False))
    return tx.one(_SCOPE.where(*named, domain), TokenScope)


def domain_named(tx: Transaction, name: str) -> TokenScope | None:
    named = (projects_table.c.folded_name == names.folded(name), projects_table.c.domain_id == NO_DOMAIN)
    return tx.one(_SCOPE.where(*named), TokenScope)


def scopes(tx: Transaction, ids: set[str]) -> list[TokenScope]:
    query = _SCOPE.where(projects_table.c.id.in_(ids)).order_by(projects_table.c.name, projects_table.c.id)
    return tx.all(query, TokenScope) if ids else []


def application_credential(tx: Transaction, id: str) -> ApplicationCredentialRow | None:
    return tx.one(
        sa.select(application_credentials_table).where(application_credentials_table.c.id == id),
        ApplicationCredentialRow,
    )


def application_credential_named(tx: Transaction, user_id: str, name: str) -> ApplicationCredentialRow | None:
    same = (
        application_credentials_table.c.user_id == user_id,
        application_credentials_table.c.folded_name == names.folded(name),
    )
    return tx.one(sa.select(application_credentials_table).where(*same), ApplicationCredentialRow)


def application_credential_role_ids(tx: Transaction, id: str) -> set[str]:
    rows = application_credential_roles_table
    query = sa.select(rows.c.role_id).where(rows.c.application_credential_id == id)
    return set(tx.column(query))


def revoked(tx: Transaction, audit_ids: Sequence[str]) -> bool:
    return tx.scalar(sa.select(sa.literal(1)).where(revocations.c.audit_id.in_(audit_ids))) is not None


def revoke(tx: Transaction, audit_id: str, expires_at: int, forget_before: int) -> None:
    """Forgets revocations of tokens that ended before the instant `forget_before`."""
    tx.execute(revocations.delete().where(revocations.c.expires_at < forget_before))
    tx.upsert(revocations, {"audit_id": audit_id}, {"revoked_at": tx.now, "expires_at": expires_at})
    epochs.advance(tx, "identity")
