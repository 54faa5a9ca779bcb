"""Which volume type a project gets by default."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import NotFound
from kumoi.kernel.who import Who
from kumoi.services.block_storage.volume_types import logic as volume_types
from kumoi.services.block_storage.volume_types import store as volume_types_store
from kumoi.services.block_storage.volume_types.models import DefaultTypeRow
from kumoi.services.identity import facade as identity


def every(tx: Transaction) -> list[DefaultTypeRow]:
    return volume_types_store.defaults(tx)


def of_project(tx: Transaction, project_id: str) -> DefaultTypeRow:
    found = volume_types_store.defaults(tx, [project_id])
    if not found:
        raise NotFound(f"Default type for project {project_id[:255]} not found.")
    return found[0]


def change(tx: Transaction, who: Who, project_id: str, named: str) -> dict[str, Any]:
    """`named`: a type's name or id."""
    if not identity.project_exists(tx, project_id):
        raise NotFound(f"Project id {project_id[:255]} not found.")
    kind = volume_types.wanted(tx, who, named)
    volume_types_store.set_default(tx, project_id, kind["id"])
    return {"project_id": project_id, "volume_type_id": kind["id"]}


def reset(tx: Transaction, project_id: str) -> None:
    of_project(tx, project_id)
    volume_types_store.unset_default(tx, project_id)
