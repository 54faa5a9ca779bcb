"""The rules of group types."""

from typing import Any, cast

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Conflict, NotFound
from kumoi.kernel.removal import Removal
from kumoi.kernel.who import Who
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.errors import GroupTypeNotFound, InvalidInput
from kumoi.services.block_storage.group_types import store
from kumoi.services.block_storage.group_types.models import GroupTypeRow
from kumoi.services.block_storage.group_types.models import group_types as table
from kumoi.services.block_storage.group_types.schemas import ListQuery

DEFAULT = "default_cgsnapshot_type"
"""The name of the type that is shown as the default one, if there is one with this name."""
_SORT_KEYS = {name: name for name in ("id", "name", "created_at", "is_public")}

removal = Removal()


def visible(tx: Transaction, who: Who, group_type_id: str) -> GroupTypeRow:
    row = store.find(tx, group_type_id)
    if row is None or not (row["is_public"] or who.sees(None)):
        raise GroupTypeNotFound(group_type_id)
    return row


def wanted(tx: Transaction, who: Who, named: str) -> GroupTypeRow:
    """The type that a name or id means."""
    row = store.find(tx, named) or store.named(tx, named)
    if row is None or not (row["is_public"] or who.sees(None)):
        raise GroupTypeNotFound(named)
    return row


def default(tx: Transaction, who: Who) -> GroupTypeRow:
    return wanted(tx, who, DEFAULT)


def page(tx: Transaction, who: Who, query: ListQuery) -> list[GroupTypeRow]:
    """For an admin also private types, as selected by `is_public` (None: all)."""
    marker = visible(tx, who, query.marker) if query.marker else None
    conditions: list[listing.Condition] = []
    if not who.sees(None):
        conditions.append(table.c.is_public.is_(True))
    elif query.is_public is None or query.is_public.strip().lower() != "none":
        conditions.append(table.c.is_public.is_(listing.truth(query.is_public, "is_public", True)))
    if query.name is not None:
        conditions.append(table.c.name == query.name)
    order = listing.order(table, query, _SORT_KEYS)
    return store.list_of(tx, conditions, order, marker, query.length, query.offset or 0)


def create(
    tx: Transaction, name: str, description: str | None, group_specs: dict[str, str], *, is_public: bool
) -> GroupTypeRow:
    return store.insert(
        tx,
        GroupTypeRow(
            id=tx.new_uuid(),
            name=_name(tx, name),
            description=description,
            is_public=is_public,
            group_specs=group_specs,
            created_at=tx.now,
            updated_at=tx.now,
        ),
    )


def update(tx: Transaction, row: GroupTypeRow, values: dict[str, Any]) -> GroupTypeRow:
    """`values`: of name, description and is_public those that change."""
    if not values:
        raise InvalidInput("group_type: specify name, description, is_public or a combination thereof.")
    if "name" in values:
        if values["name"].strip() == row["name"]:
            values.pop("name")
        else:
            values["name"] = _name(tx, values["name"])
    if values:
        store.update(tx, row["id"], **values)
    return cast(GroupTypeRow, {**row, **values})


def delete(tx: Transaction, row: GroupTypeRow) -> None:
    removal.run(tx, [row["id"]])
    store.delete(tx, row["id"])


def set_specs(tx: Transaction, row: GroupTypeRow, values: dict[str, str]) -> None:
    """Adds to the existing specs."""
    merged = {**row["group_specs"], **values}
    if len(merged) > 128:
        raise InvalidInput(f"group_specs: there would be {len(merged)} specs; at most 128 are kept.")
    store.update(tx, row["id"], group_specs=merged)


def set_one_spec(tx: Transaction, row: GroupTypeRow, key: str, values: dict[str, str]) -> None:
    if list(values) != [key]:
        raise InvalidInput(f"group_specs: exactly the key of the address is expected, which is {key[:255]}.")
    set_specs(tx, row, values)


def spec(row: GroupTypeRow, key: str) -> str:
    if key not in row["group_specs"]:
        raise NotFound(f"Group Type {row['id']} has no specs with key {key[:255]}.")
    return row["group_specs"][key]


def unset_spec(tx: Transaction, row: GroupTypeRow, key: str) -> None:
    spec(row, key)
    store.update(tx, row["id"], group_specs={name: value for name, value in row["group_specs"].items() if name != key})


def _name(tx: Transaction, name: str) -> str:
    name = name.strip()
    if not name:
        raise InvalidInput("group_type.name: a name cannot be empty.")
    if store.named(tx, name):
        raise Conflict(f"Group Type {name} already exists.")
    return name
