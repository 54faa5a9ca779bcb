"""The SQL of flavors. Rows include `extra_specs` (key → value)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import patterns
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.compute.flavors.models import FlavorDetails, FlavorRow, access, extra_specs, flavors


def insert(tx: Transaction, **values: Any) -> None:
    tx.insert(flavors, created_at=tx.now, **values)


def find(tx: Transaction, flavorid: str) -> FlavorDetails | None:
    """The flavor with this id in the API, without an access check."""
    rows = with_extra_specs(tx, tx.rows(flavors, flavorid=flavorid))
    return rows[0] if rows else None


def by_ids(tx: Transaction, flavorids: Iterable[str]) -> dict[str, FlavorDetails]:
    """API id → row."""
    rows = with_extra_specs(tx, tx.rows(flavors, flavorid=list(flavorids)))
    return {row["flavorid"]: row for row in rows}


def find_by_name(tx: Transaction, name: str) -> FlavorRow | None:
    return tx.one(sa.select(flavors).where(flavors.c.name == name), FlavorRow)


def with_extra_specs(tx: Transaction, rows: list[FlavorRow]) -> list[FlavorDetails]:
    found: dict[int, FlavorDetails] = {row["id"]: {**row, "extra_specs": {}} for row in rows}
    if rows:
        for spec in tx.rows(extra_specs, extra_specs.c.key, flavor_id=list(found)):
            found[spec["flavor_id"]]["extra_specs"][spec["key"]] = spec["value"]
    return list(found.values())


def list_of(
    tx: Transaction,
    *,
    is_public: bool | None,
    project_id: str | None,
    min_ram: int,
    min_disk: int,
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: FlavorRow | None,
    limit: int | None,
    name_like: str | None = None,
) -> list[FlavorDetails]:
    """`is_public` None: all. `project_id`: also the private flavors that this project may use."""
    query = sa.select(flavors).where(flavors.c.ram >= min_ram, flavors.c.disk >= min_disk)
    if is_public is not None:
        wanted: sa.ColumnElement[bool] = flavors.c.is_public.is_(is_public)
        if is_public and project_id is not None:
            wanted = sa.or_(wanted, flavors.c.id.in_(_of_project(project_id)))
        query = query.where(wanted)
    if name_like is not None:
        query = query.where(patterns.matches(flavors.c.name, name_like, tx.dialect))
    return with_extra_specs(tx, page(tx, query, FlavorRow, sort=sort, marker=marker, limit=limit))


def _of_project(project_id: str) -> sa.Select[Any]:
    return sa.select(access.c.flavor_id).where(access.c.project_id == project_id)


def describe(tx: Transaction, flavor_id: int, description: str | None) -> None:
    tx.execute(flavors.update().where(flavors.c.id == flavor_id).values(description=description, updated_at=tx.now))


def delete(tx: Transaction, flavor_id: int) -> None:
    tx.execute(flavors.delete().where(flavors.c.id == flavor_id))


def put_extra_specs(tx: Transaction, flavor_id: int, values: Mapping[str, str]) -> None:
    for key, value in values.items():
        tx.upsert(extra_specs, {"flavor_id": flavor_id, "key": key}, {"value": value})


def delete_extra_spec(tx: Transaction, flavor_id: int, key: str) -> bool:
    return tx.changed(extra_specs.delete().where(extra_specs.c.flavor_id == flavor_id, extra_specs.c.key == key)) > 0


def projects(tx: Transaction, flavor_id: int) -> list[str]:
    """The projects that may use the private flavor."""
    query = sa.select(access.c.project_id).where(access.c.flavor_id == flavor_id).order_by(access.c.project_id)
    return tx.column(query)


def add_project(tx: Transaction, flavor_id: int, project_id: str) -> None:
    tx.insert(access, flavor_id=flavor_id, project_id=project_id)


def remove_project(tx: Transaction, flavor_id: int, project_id: str) -> bool:
    return tx.changed(access.delete().where(access.c.flavor_id == flavor_id, access.c.project_id == project_id)) > 0
