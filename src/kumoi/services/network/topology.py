"""The parts of the topology, one for each kind of resource. A part is declared beside the resource's reconciler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from kumoi.engines.network.interface import Content, TopologyInventory
from kumoi.kernel import reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import View

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """Creating a Part registers it. The audit compares it with the tables, and the sweeps repair differences."""

    kind: str
    """Of its reconciler: `network.router`."""
    ids: sa.Select[Any]
    """The ids that the topology should hold."""
    held: Callable[[TopologyInventory], dict[str, int]]
    """The existing ids, with their revisions."""
    desired: Callable[[Transaction, list[str]], Mapping[str, Content]]
    """The desired content for some ids."""

    def __post_init__(self) -> None:
        _parts[self.kind] = self


_parts: dict[str, Part] = {}


def apply_each(
    view: View,
    batch: dict[str, int],
    desired: Callable[[Transaction, list[str]], Mapping[str, T]],
    apply: Callable[[T, int], None],
    remove: Callable[[str, int], None],
) -> None:
    """Apply the desired content of each id with its revision, or remove it."""
    wanted = view.read(lambda tx: desired(tx, list(batch)))
    for resource_id, revision in batch.items():
        if resource_id in wanted:
            apply(wanted[resource_id], revision)
        else:
            remove(resource_id, revision)


def parts() -> list[Part]:
    """All parts, in the order in which reconcilers apply them: dependent kinds come later."""
    return sorted(_parts.values(), key=lambda part: reconcile.reconcilers[part.kind].order)
