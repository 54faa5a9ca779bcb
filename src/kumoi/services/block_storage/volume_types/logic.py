"""Volume types, and which projects may use them."""

from typing import Any, cast

from kumoi.kernel import patterns
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Conflict, NotFound
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.errors import InvalidInput, VolumeTypeNotFound
from kumoi.services.block_storage.volume_types import store
from kumoi.services.block_storage.volume_types.models import DEFAULT, VolumeTypeRow, removal
from kumoi.services.block_storage.volume_types.models import volume_types as table
from kumoi.services.block_storage.volume_types.schemas import ListQuery


def visible(tx: Transaction, who: Who, volume_type_id: str) -> VolumeTypeRow:
    row = store.find(tx, volume_type_id)
    if row is None or not usable(tx, who, row):
        raise VolumeTypeNotFound(volume_type_id)
    return row


def usable(tx: Transaction, who: Who, row: VolumeTypeRow) -> bool:
    """Whether the caller may see it."""
    return bool(row["is_public"] or who.sees(None) or store.has_access(tx, row["id"], who.project_id or ""))


def wanted(tx: Transaction, who: Who, named: str | None) -> VolumeTypeRow:
    """The type that a name or id means, or the default; VolumeTypeNotFound."""
    if not named:
        return default(tx, who.project_id)
    row = store.find(tx, named) or store.named(tx, named)
    if row is None or not usable(tx, who, row):
        raise VolumeTypeNotFound(named)
    return row


def default(tx: Transaction, project_id: str | None) -> VolumeTypeRow:
    """The project's own default type, or the cloud's."""
    own = store.default_of(tx, project_id) if project_id else None
    row = store.find(tx, own) if own else store.named(tx, DEFAULT)
    return row or ensure_default(tx)


def ensure_default(tx: Transaction) -> VolumeTypeRow:
    """The cloud's default type. It is created if it does not exist."""
    return store.named(tx, DEFAULT) or store.insert(
        tx,
        VolumeTypeRow(
            id=tx.new_uuid(),
            name=DEFAULT,
            description="Disks on the host's own file system",
            is_public=True,
            extra_specs={},
            qos_specs_id=None,
            created_at=tx.now,
            updated_at=tx.now,
        ),
    )


def page(tx: Transaction, who: Who, query: ListQuery) -> list[VolumeTypeRow]:
    """For an admin also private types, as selected by `is_public` (None: all)."""
    marker = visible(tx, who, query.marker) if query.marker else None
    conditions: list[listing.Condition] = []
    if not who.sees(None):
        conditions.append(store.open_to(who.project_id or ""))
    elif query.is_public is None or query.is_public.strip().lower() != "none":
        conditions.append(table.c.is_public.is_(listing.truth(query.is_public, "is_public", True)))
    if query.name is not None:
        conditions.append(table.c.name == query.name)
    if query.name_like is not None:
        conditions.append(patterns.contains(table.c.name, query.name_like, ignore_case=True))
    if query.description is not None:
        conditions.append(table.c.description == query.description)
    if query.extra_specs is not None:
        conditions += listing.pairs(table.c.extra_specs, query.extra_specs, "extra_specs")
    keys = {"id": "id", "name": "name", "created_at": "created_at", "is_public": "is_public"}
    return store.list_of(
        tx, conditions, listing.order(table, query, keys), marker, query.length, query.offset or 0
    )  # fmt: skip


def create(
    tx: Transaction, name: str, description: str | None, extra_specs: dict[str, str], *, is_public: bool
) -> VolumeTypeRow:
    """No project may use a private type until it is given access, not even the project of its creator."""
    return store.insert(
        tx,
        VolumeTypeRow(
            id=tx.new_uuid(),
            name=_name(tx, name),
            description=description,
            is_public=is_public,
            extra_specs=extra_specs,
            qos_specs_id=None,
            created_at=tx.now,
            updated_at=tx.now,
        ),
    )


def update(tx: Transaction, row: VolumeTypeRow, values: dict[str, Any]) -> VolumeTypeRow:
    """`values`: of name, description and is_public those that change."""
    if not values:
        raise InvalidInput("volume_type: specify name, description, is_public or a combination thereof.")
    if "name" in values:
        if not values["name"]:
            raise InvalidInput("volume_type.name: a name cannot be empty.")
        if values["name"].strip() != row["name"]:
            if row["name"] == DEFAULT:
                raise InvalidInput(f"volume_type.name: the type {DEFAULT} is the one that volumes get by default.")
            values["name"] = _name(tx, values["name"])
    store.update(tx, row["id"], **values)
    return cast(VolumeTypeRow, {**row, **values})


def delete(tx: Transaction, row: VolumeTypeRow) -> None:
    if row["name"] == DEFAULT or store.is_default(tx, row["id"]):
        raise InvalidInput(f"Volume type {row['name']} is a default type and cannot be deleted.")
    removal.run(tx, [row["id"]])
    store.delete(tx, row["id"])


def set_specs(tx: Transaction, row: VolumeTypeRow, values: dict[str, str]) -> None:
    """Adds to the existing specs."""
    store.update(tx, row["id"], extra_specs={**row["extra_specs"], **values})


def spec(row: VolumeTypeRow, key: str, specs: dict[str, str] | None = None) -> str:
    """`specs`: those that the caller may see; None: all."""
    visible_specs = row["extra_specs"] if specs is None else specs
    if key not in visible_specs:
        raise NotFound(f"Volume Type {row['id']} has no extra specs with key {key[:255]}.")
    return str(visible_specs[key])


def unset_spec(tx: Transaction, row: VolumeTypeRow, key: str) -> None:
    spec(row, key)
    store.update(tx, row["id"], extra_specs={name: value for name, value in row["extra_specs"].items() if name != key})


def projects(tx: Transaction, row: VolumeTypeRow) -> list[str]:
    """The projects that may use a private type."""
    if row["is_public"]:
        raise NotFound("Access list not available for public volume types.")
    return store.projects(tx, row["id"])


def add_project(tx: Transaction, row: VolumeTypeRow, project_id: str) -> None:
    if row["is_public"]:
        raise Conflict("Type access modification is not applicable to public volume type.")
    if store.has_access(tx, row["id"], project_id):
        raise Conflict(f"Volume type access for {row['id']} / {project_id} combination already exists.")
    store.add_access(tx, row["id"], project_id)


def remove_project(tx: Transaction, row: VolumeTypeRow, project_id: str) -> None:
    if row["is_public"]:
        raise Conflict("Type access modification is not applicable to public volume type.")
    if not store.remove_access(tx, row["id"], project_id):
        raise NotFound(f"Volume type access not found for {row['id']} / {project_id} combination.")


def _name(tx: Transaction, name: str) -> str:
    """The name without surrounding spaces; Conflict if another type has it."""
    name = name.strip()
    if not name:
        raise InvalidInput("volume_type.name: a name cannot be empty.")
    if store.named(tx, name):
        raise Conflict(f"Volume Type {name} already exists.")
    return name


def set_one_spec(tx: Transaction, row: VolumeTypeRow, key: str, values: dict[str, str]) -> None:
    if list(values) != [key]:
        raise InvalidInput(f"extra_specs: exactly the key of the address is expected, which is {key[:255]}.")
    set_specs(tx, row, values)
