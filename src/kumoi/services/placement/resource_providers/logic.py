"""Making, moving, removing and finding resource providers."""

from uuid import UUID

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.services.placement.errors import (
    ConcurrentUpdate,
    DuplicateName,
    ProviderHasChildren,
    ProviderNotFound,
)
from kumoi.services.placement.queries import Wish
from kumoi.services.placement.resource_classes import logic as resource_classes
from kumoi.services.placement.resource_providers import filters, store
from kumoi.services.placement.resource_providers.models import ResourceProviderRow, removal


def existing(tx: Transaction, provider_id: str) -> ResourceProviderRow:
    row = store.find(tx, provider_id)
    if row is None:
        raise ProviderNotFound(provider_id[:100])
    return row


def same_generation(row: ResourceProviderRow, generation: int) -> None:
    if row["generation"] != generation:
        raise ConcurrentUpdate(
            f"resource provider generation conflict for provider {row['id']}: actual: {row['generation']}, "
            f"given: {generation}"
        )


def create(tx: Transaction, name: str, provider_id: str | None, parent_id: str | None) -> ResourceProviderRow:
    chosen = tx.new_uuid() if provider_id is None else _uuid("uuid", provider_id)
    if store.find_by_name(tx, name):
        raise DuplicateName(f"Conflicting resource provider name: {name} already exists.")
    if store.find(tx, chosen):
        raise DuplicateName(f"Conflicting resource provider uuid: {chosen} already exists.")
    store.insert(tx, chosen, name, _parent(tx, chosen, parent_id))
    return existing(tx, chosen)


def update(
    tx: Transaction, provider_id: str, name: str, parent: tuple[str | None] | None, *, moving: bool
) -> ResourceProviderRow:
    """`parent` None: unchanged. `moving`: a provider with a parent may get another parent or none."""
    row = existing(tx, provider_id)
    if name != row["name"]:
        if store.find_by_name(tx, name):
            raise DuplicateName(f"Conflicting resource provider name: {name} already exists.")
        store.update(tx, provider_id, name=name)
    if parent is not None and parent[0] != row["parent_id"]:
        if row["parent_id"] is not None and not moving:
            raise BadRequest(
                f"Unable to save resource provider {provider_id}: re-parenting a provider is not currently allowed."
            )
        _move(tx, row, _parent(tx, provider_id, parent[0]))
    return existing(tx, provider_id)


def delete(tx: Transaction, provider_id: str) -> None:
    existing(tx, provider_id)
    if store.has_children(tx, provider_id):
        raise ProviderHasChildren(f"Unable to delete parent resource provider {provider_id}: it has child providers.")
    removal.run(tx, [provider_id])
    store.delete(tx, provider_id)


def listing(tx: Transaction, name: str | None, provider_id: str | None, wish: Wish) -> list[ResourceProviderRow]:
    """Sorted by name. `wish`: each provider must satisfy it alone."""
    resource_classes.check(tx, wish.resources)
    rows = store.every(tx, None if provider_id is None else [_uuid("uuid", provider_id)])
    if name is not None:
        rows = [row for row in rows if row["name"] == name]
    if wish.in_tree is not None:
        anchor = store.find(tx, wish.in_tree)
        rows = [row for row in rows if anchor is not None and row["root_id"] == anchor["root_id"]]
    return filters.narrowed(tx, rows, wish)


def _parent(tx: Transaction, provider_id: str, parent_id: str | None) -> ResourceProviderRow | None:
    if parent_id is None:
        return None
    parent = store.find(tx, _uuid("parent_provider_uuid", parent_id))
    if parent is None or parent["id"] == provider_id:
        raise BadRequest(
            f"Unable to save resource provider {provider_id}: parent provider {parent_id} is not possible."
        )
    return parent


def _move(tx: Transaction, row: ResourceProviderRow, parent: ResourceProviderRow | None) -> None:
    """Also moves all providers below it."""
    tree = store.of_tree(tx, row["root_id"])
    below = {row["id"]}
    while True:
        more = {other["id"] for other in tree if other["parent_id"] in below} - below
        if not more:
            break
        below |= more
    if parent is not None and parent["id"] in below:
        raise BadRequest(
            f"Unable to save resource provider {row['id']}: creating loop in the provider tree is not allowed."
        )
    store.update(tx, row["id"], parent_id=parent["id"] if parent else None)
    store.move_tree(tx, below, parent["root_id"] if parent else row["id"])


def _uuid(name: str, text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise BadRequest(f"JSON does not validate: {name}: {text[:100]!r} is not a 'uuid'.") from None
