"""What goes with a user, group, project or role that is deleted."""

from collections.abc import Sequence

from kumoi.kernel.database import Transaction
from kumoi.services.identity.application_credentials import store as application_credential_store
from kumoi.services.identity.assignments import store as assignment_store
from kumoi.services.identity.credentials import store as credential_store
from kumoi.services.identity.groups import store as group_store
from kumoi.services.identity.projects import store as project_store
from kumoi.services.identity.roles import store as role_store
from kumoi.services.identity.users import store as user_store


def delete_users(tx: Transaction, ids: Sequence[str]) -> None:
    assignment_store.forget(tx, "user", list(ids))
    group_store.leave_all(tx, ids)
    application_credential_store.delete_where(tx, user_ids=ids)
    credential_store.delete_where(tx, user_ids=ids)
    user_store.delete(tx, ids)


def delete_groups(tx: Transaction, ids: Sequence[str]) -> None:
    assignment_store.forget(tx, "group", list(ids))
    group_store.delete(tx, ids)


def delete_projects(tx: Transaction, ids: Sequence[str]) -> None:
    assignment_store.forget(tx, "project", list(ids))
    application_credential_store.delete_where(tx, project_ids=ids)
    credential_store.delete_where(tx, project_ids=ids)
    user_store.forget_default_project(tx, ids)
    project_store.delete(tx, ids)


def delete_roles(tx: Transaction, ids: Sequence[str]) -> None:
    assignment_store.forget(tx, "role", list(ids))
    application_credential_store.forget_roles(tx, ids)
    role_store.delete(tx, ids)


def delete_domain(tx: Transaction, domain_id: str) -> None:
    """And all that it owns."""
    delete_users(tx, user_store.of_domain(tx, domain_id))
    delete_groups(tx, group_store.of_domain(tx, domain_id))
    delete_projects(tx, project_store.of_domain(tx, domain_id))
    delete_roles(tx, role_store.of_domain(tx, domain_id))
    assignment_store.forget(tx, "domain", [domain_id])
    project_store.delete(tx, [domain_id])
