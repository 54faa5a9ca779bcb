"""Tags of resources that the caller may change."""

from collections.abc import Sequence

from kumoi.kernel import rooms
from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.network import ownership, standard_attributes
from kumoi.services.network.tags import store
from kumoi.services.network.tags.declaration import Tagged
from kumoi.services.network.tags.errors import InvalidTag, TagNotFound
from kumoi.services.network.tags.models import MOST

TAGGED: dict[str, Tagged] = {
    room.TAGGED.collection: room.TAGGED for room in rooms.each("kumoi.services.network", "tagged")
}
"""Collection → declaration."""


def of(tx: Transaction, who: Who, collection: str, resource_id: str) -> list[str]:
    TAGGED[collection].find(tx, who, resource_id)
    return store.of(tx, [resource_id]).get(resource_id, [])


def must_have(tx: Transaction, who: Who, collection: str, resource_id: str, tag: str) -> None:
    if tag not in of(tx, who, collection, resource_id):
        raise TagNotFound(tag)


def add(tx: Transaction, who: Who, collection: str, resource_id: str, names: Sequence[str]) -> list[str]:
    """Returns all tags after it."""
    _may_change(tx, who, collection, resource_id)
    _check(names)
    store.add(tx, resource_id, names)
    now = store.of(tx, [resource_id]).get(resource_id, [])
    _check(now)
    standard_attributes.change(tx, TAGGED[collection].table, resource_id)
    return now


def replace(tx: Transaction, who: Who, collection: str, resource_id: str, names: Sequence[str]) -> list[str]:
    _may_change(tx, who, collection, resource_id)
    _check(names)
    store.remove(tx, resource_id)
    return add(tx, who, collection, resource_id, names)


def remove(tx: Transaction, who: Who, collection: str, resource_id: str, tag: str | None) -> None:
    """One, or all when `tag` is None."""
    _may_change(tx, who, collection, resource_id)
    gone = store.remove(tx, resource_id, None if tag is None else [tag])
    if tag is not None and not gone:
        raise TagNotFound(tag)
    standard_attributes.change(tx, TAGGED[collection].table, resource_id)


def _may_change(tx: Transaction, who: Who, collection: str, resource_id: str) -> None:
    ownership.must_own(who, TAGGED[collection].find(tx, who, resource_id), f"update_{collection}_tags")


def _check(names: Sequence[str]) -> None:
    if len(names) > MOST:
        raise InvalidTag(f"the number of tags exceeds the maximum {MOST}")
    for name in names:
        if not name or len(name) > 255 or "/" in name or "," in name:
            raise InvalidTag(f"'{name[:64]}' is not a valid tag: 1 to 255 characters without comma and slash")
