"""The SQL of volume types, their access lists, and projects' defaults."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.kernel.quotas import EVERYBODY, UNLIMITED
from kumoi.kernel.quotas import limits as limits_table
from kumoi.services.block_storage.volume_types.models import DefaultTypeRow, VolumeTypeRow, access, default_types
from kumoi.services.block_storage.volume_types.models import volume_types as table


def insert(tx: Transaction, row: VolumeTypeRow) -> VolumeTypeRow:
    tx.insert_row(table, row)
    return row


def find(tx: Transaction, volume_type_id: str) -> VolumeTypeRow | None:
    return tx.one(sa.select(table).where(table.c.id == volume_type_id), VolumeTypeRow)


def named(tx: Transaction, name: str) -> VolumeTypeRow | None:
    return tx.one(sa.select(table).where(table.c.name == name), VolumeTypeRow)


def names(tx: Transaction) -> dict[str, str]:
    """Id → name, of all there are."""
    return dict(tx.tuples(sa.select(table.c.id, table.c.name)))


def limits(tx: Transaction, project_id: str, names: Iterable[str]) -> dict[str, int]:
    """Quota of a type (`volumes_<type>` and so on) → the project's limit, or the default one."""
    found = dict.fromkeys(names, UNLIMITED)
    # The project's own come last.
    rows = tx.rows(limits_table, service="block_storage", project_id={project_id, EVERYBODY})
    for row in sorted(rows, key=lambda row: row["project_id"] != EVERYBODY):
        if row["resource"] in found:
            found[row["resource"]] = int(row["value"])
    return found


def specs(tx: Transaction, volume_type_id: str) -> dict[str, str]:
    """The extra specs of a type; none if it is gone."""
    row = find(tx, volume_type_id)
    return row["extra_specs"] if row else {}


def update(tx: Transaction, volume_type_id: str, **values: Any) -> None:
    tx.execute(table.update().where(table.c.id == volume_type_id).values(**{"updated_at": tx.now, **values}))


def delete(tx: Transaction, volume_type_id: str) -> None:
    """Also deletes its access list."""
    tx.execute(table.delete().where(table.c.id == volume_type_id))


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: VolumeTypeRow | None,
    limit: int,
    offset: int = 0,
) -> list[VolumeTypeRow]:
    query = sa.select(table).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, VolumeTypeRow, sort=sort, marker=marker, limit=limit)


def open_to(project_id: str) -> sa.ColumnElement[bool]:
    """The SQL condition that a project may use the type."""
    ids = sa.select(access.c.volume_type_id).where(access.c.project_id == project_id)
    return sa.or_(table.c.is_public, table.c.id.in_(ids))


def projects(tx: Transaction, volume_type_id: str) -> list[str]:
    """The projects in the access list, sorted."""
    query = sa.select(access.c.project_id).where(access.c.volume_type_id == volume_type_id)
    return tx.column(query.order_by(access.c.project_id))


def has_access(tx: Transaction, volume_type_id: str, project_id: str) -> bool:
    both = sa.and_(access.c.volume_type_id == volume_type_id, access.c.project_id == project_id)
    return tx.scalar(sa.select(access.c.project_id).where(both)) is not None


def add_access(tx: Transaction, volume_type_id: str, project_id: str) -> None:
    tx.insert(access, volume_type_id=volume_type_id, project_id=project_id)


def remove_access(tx: Transaction, volume_type_id: str, project_id: str) -> bool:
    both = sa.and_(access.c.volume_type_id == volume_type_id, access.c.project_id == project_id)
    return tx.changed(access.delete().where(both)) > 0


def default_of(tx: Transaction, project_id: str) -> str | None:
    """The id of the project's own default type."""
    query = sa.select(default_types.c.volume_type_id).where(default_types.c.project_id == project_id)
    found: str | None = tx.scalar(query)
    return found


def defaults(tx: Transaction, project_ids: Iterable[str] | None = None) -> list[DefaultTypeRow]:
    """{project_id, volume_type_id} of all, or of those projects."""
    query = sa.select(default_types).order_by(default_types.c.project_id)
    if project_ids is not None:
        query = query.where(default_types.c.project_id.in_(list(project_ids)))
    return tx.all(query, DefaultTypeRow)


def set_default(tx: Transaction, project_id: str, volume_type_id: str) -> None:
    tx.upsert(default_types, {"project_id": project_id}, {"volume_type_id": volume_type_id})


def unset_default(tx: Transaction, project_id: str) -> None:
    tx.execute(default_types.delete().where(default_types.c.project_id == project_id))


def is_default(tx: Transaction, volume_type_id: str) -> bool:
    """Whether it is the default of any project."""
    query = sa.select(default_types.c.project_id).where(default_types.c.volume_type_id == volume_type_id).limit(1)
    return tx.scalar(query) is not None
