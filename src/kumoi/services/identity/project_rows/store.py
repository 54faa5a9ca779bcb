"""The SQL of projects and domains. Each change invalidates the cached tokens of every process."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.identity import names
from kumoi.services.identity.errors import Absent
from kumoi.services.identity.project_rows.models import NO_DOMAIN, ProjectRow, ProjectTagRow, project_tags, projects


def find(tx: Transaction, project_id: str) -> ProjectRow | None:
    return tx.one(sa.select(projects).where(projects.c.id == project_id), ProjectRow)


def find_domain(tx: Transaction, domain_id: str) -> ProjectRow | None:
    return tx.one(sa.select(projects).where(projects.c.id == domain_id, projects.c.domain_id == NO_DOMAIN), ProjectRow)


def existing_domain(tx: Transaction, domain_id: str) -> ProjectRow:
    """The row, or Absent."""
    row = find_domain(tx, domain_id)
    if row is None:
        raise Absent("domain", domain_id)
    return row


def named(tx: Transaction, name: str, domain_id: str) -> ProjectRow | None:
    """A domain's own `domain_id` is NO_DOMAIN."""
    return tx.one(
        sa.select(projects).where(projects.c.folded_name == names.folded(name), projects.c.domain_id == domain_id),
        ProjectRow,
    )


def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, ProjectRow]:
    wanted = list(ids)
    return (
        {row["id"]: row for row in tx.all(sa.select(projects).where(projects.c.id.in_(wanted)), ProjectRow)}
        if wanted
        else {}
    )


def listed(
    tx: Transaction, conditions: Sequence[sa.ColumnElement[bool]], marker: ProjectRow | None, limit: int | None
) -> list[ProjectRow]:
    order = [(projects.c.name, "asc"), (projects.c.id, "asc")]
    return page(tx, sa.select(projects).where(*conditions), ProjectRow, sort=order, marker=marker, limit=limit)


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(projects, generation=0, created_at=tx.now, **names.with_folded(values))
    epochs.advance(tx, "identity")


def update(tx: Transaction, project_id: str, values: dict[str, Any]) -> None:
    tx.execute(projects.update().where(projects.c.id == project_id).values(**names.with_folded(values)))
    epochs.advance(tx, "identity")


def revoke(tx: Transaction, project_id: str) -> None:
    """Tokens of this scope issued so far hold no more."""
    update(tx, project_id, {"generation": projects.c.generation + 1})


def delete(tx: Transaction, ids: Sequence[str]) -> None:
    tx.execute(project_tags.delete().where(project_tags.c.project_id.in_(ids)))
    tx.execute(projects.delete().where(projects.c.id.in_(ids)))
    epochs.advance(tx, "identity")


def children(tx: Transaction, ids: Sequence[str]) -> list[ProjectRow]:
    return tx.all(
        sa.select(projects).where(projects.c.parent_id.in_(ids)).order_by(projects.c.name, projects.c.id), ProjectRow
    )


def of_domain(tx: Transaction, domain_id: str) -> list[str]:
    return tx.column(sa.select(projects.c.id).where(projects.c.domain_id == domain_id))


def tags(tx: Transaction, ids: Sequence[str]) -> dict[str, list[str]]:
    """Project id → its tags in order, for those that have any."""
    found: dict[str, list[str]] = {}
    query = sa.select(project_tags).where(project_tags.c.project_id.in_(ids)).order_by(project_tags.c.tag)
    for row in tx.all(query, ProjectTagRow) if ids else ():
        found.setdefault(row["project_id"], []).append(row["tag"])
    return found


def set_tags(tx: Transaction, project_id: str, wanted: Iterable[str]) -> None:
    tx.execute(project_tags.delete().where(project_tags.c.project_id == project_id))
    tx.insert_many(project_tags, [{"project_id": project_id, "tag": tag} for tag in wanted])


def with_tag(tags: list[str]) -> sa.ColumnElement[bool]:
    """The condition that a project carries one of the tags."""
    return projects.c.id.in_(sa.select(project_tags.c.project_id).where(project_tags.c.tag.in_(tags)))


def revoke_domain(tx: Transaction, domain_id: str) -> None:
    """Revoke the tokens of this domain and of the projects in it."""
    inside = sa.or_(projects.c.id == domain_id, projects.c.domain_id == domain_id)
    tx.execute(projects.update().where(inside).values(generation=projects.c.generation + 1))
    epochs.advance(tx, "identity")
