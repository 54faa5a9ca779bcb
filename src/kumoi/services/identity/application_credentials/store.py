"""The SQL of application credentials. Each change invalidates the cached tokens of every process."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.identity import names
from kumoi.services.identity.application_credentials.models import (
    ApplicationCredentialRow,
    application_credential_roles,
    application_credentials,
)
from kumoi.services.identity.roles.models import roles as roles_table


def find(tx: Transaction, id: str) -> ApplicationCredentialRow | None:
    return tx.one(
        sa.select(application_credentials).where(application_credentials.c.id == id), ApplicationCredentialRow
    )


def named(tx: Transaction, user_id: str, name: str) -> ApplicationCredentialRow | None:
    same = (application_credentials.c.user_id == user_id, application_credentials.c.folded_name == names.folded(name))
    return tx.one(sa.select(application_credentials).where(*same), ApplicationCredentialRow)


def listed(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    marker: ApplicationCredentialRow | None,
    limit: int | None,
) -> list[ApplicationCredentialRow]:
    order = [(application_credentials.c.name, "asc"), (application_credentials.c.id, "asc")]
    return page(
        tx,
        sa.select(application_credentials).where(*conditions),
        ApplicationCredentialRow,
        sort=order,
        marker=marker,
        limit=limit,
    )


class RoleOfCredential(TypedDict):
    application_credential_id: str
    id: str
    name: str
    domain_id: str


def roles_of(tx: Transaction, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Application credential id → its roles {id, name, domain_id}."""
    given = application_credential_roles
    query = (
        sa.select(given.c.application_credential_id, roles_table.c.id, roles_table.c.name, roles_table.c.domain_id)
        .join(roles_table, roles_table.c.id == given.c.role_id)
        .where(given.c.application_credential_id.in_(ids))
        .order_by(roles_table.c.name)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in tx.all(query, RoleOfCredential) if ids else ():
        role = {"id": row["id"], "name": row["name"], "domain_id": row["domain_id"] or None}
        found.setdefault(row["application_credential_id"], []).append(role)
    return found


def of_users(tx: Transaction, user_ids: Sequence[str] | None) -> list[ApplicationCredentialRow]:
    """None: of all users."""
    mine = [] if user_ids is None else [application_credentials.c.user_id.in_(user_ids)]
    return tx.all(sa.select(application_credentials).where(*mine), ApplicationCredentialRow)


def insert(tx: Transaction, role_ids: Iterable[str], **values: Any) -> None:
    tx.insert(application_credentials, created_at=tx.now, **names.with_folded(values))
    rows = [{"application_credential_id": values["id"], "role_id": role_id} for role_id in role_ids]
    tx.insert_many(application_credential_roles, rows)


def delete(tx: Transaction, id: str) -> None:
    _delete(tx, application_credentials.c.id == id)


def delete_of_users(tx: Transaction, user_ids: Sequence[str]) -> None:
    _delete(tx, application_credentials.c.user_id.in_(user_ids))


def delete_of_projects(tx: Transaction, project_ids: Sequence[str]) -> None:
    _delete(tx, application_credentials.c.project_id.in_(project_ids))


def delete_of_users_on_projects(tx: Transaction, pairs: Collection[tuple[str, str]]) -> None:
    """`pairs`: (user id, project id)."""
    whose = sa.tuple_(application_credentials.c.user_id, application_credentials.c.project_id)
    _delete(tx, whose.in_(list(pairs)))


def forget_roles(tx: Transaction, role_ids: Sequence[str]) -> None:
    given = application_credential_roles
    tx.execute(given.delete().where(given.c.role_id.in_(role_ids)))
    epochs.advance(tx, "identity")


def _delete(tx: Transaction, condition: sa.ColumnElement[bool]) -> None:
    given = application_credential_roles
    gone = sa.select(application_credentials.c.id).where(condition)
    tx.execute(given.delete().where(given.c.application_credential_id.in_(gone)))
    tx.execute(application_credentials.delete().where(condition))
    epochs.advance(tx, "identity")
