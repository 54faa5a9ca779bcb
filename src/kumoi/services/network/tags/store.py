"""The SQL of tags."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.bodies import distinct
from kumoi.kernel.database import Transaction
from kumoi.services.network.tags.models import MOST, tags


def of(tx: Transaction, resource_ids: list[str]) -> dict[str, list[str]]:
    """resource id → its tags, sorted; those without are missing."""
    found: dict[str, list[str]] = {}
    if resource_ids:
        query = sa.select(tags.c.resource_id, tags.c.tag).where(tags.c.resource_id.in_(resource_ids))
        for resource_id, tag in tx.tuples(query.order_by(tags.c.tag)):
            found.setdefault(resource_id, []).append(tag)
    return found


def add(tx: Transaction, resource_id: str, names: Iterable[str]) -> None:
    """Existing tags stay as they are."""
    held = set(of(tx, [resource_id]).get(resource_id, ()))
    tx.insert_many(
        tags, [{"resource_id": resource_id, "tag": name} for name in dict.fromkeys(names) if name not in held]
    )


def remove(tx: Transaction, resource_id: str, names: Iterable[str] | None = None) -> int:
    """Returns how many were removed; `names` None: all."""
    query = tags.delete().where(tags.c.resource_id == resource_id)
    return tx.changed(query if names is None else query.where(tags.c.tag.in_(list(names))))


def forget(tx: Transaction, resource_ids: list[str]) -> None:
    """Delete the tags of deleted resources."""
    tx.execute(tags.delete().where(tags.c.resource_id.in_(resource_ids)))


def condition(column: sa.ColumnElement[Any], name: str, values: list[str]) -> sa.ColumnElement[bool]:
    """`tags`, `tags-any`, `not-tags` or `not-tags-any` of a list's query: each value a list with commas."""
    any_of = name.endswith("-any")
    tags_asked = (tag for value in values for tag in value.split(",") if tag)
    wanted = list(dict.fromkeys(tags_asked)) if any_of else distinct(tags_asked, name, MOST)
    held = sa.select(tags.c.resource_id).where(tags.c.tag.in_(wanted))
    if not any_of:
        held = held.group_by(tags.c.resource_id).having(sa.func.count() == len(wanted))
    return column.not_in(held) if name.startswith("not-") else column.in_(held)
