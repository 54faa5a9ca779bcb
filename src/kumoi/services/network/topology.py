"""The parts of the topology, one for each kind of resource. A part is declared beside the resource's reconciler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kumoi.engines.network.interface import Content, Topology
from kumoi.kernel import reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import View


@dataclass(frozen=True)
class Part:
    """Creating a Part registers it. The audit compares it with the tables, and the sweeps repair differences."""

    kind: str
    """Of its reconciler: `network.router`."""
    ids: sa.Select[Any]
    """The ids that the topology should hold."""
    content: type[Content]
    """Its kind in the topology."""
    desired: Callable[[Transaction, list[str]], Mapping[str, Content]]
    """The desired content for some ids."""

    def __post_init__(self) -> None:
        _parts[self.kind] = self

    def bring(self, view: View, batch: dict[str, int]) -> None:
        """What a reconciler does: remove from the topology what has no row, apply the others."""
        wanted = view.read(lambda tx: self.desired(tx, list(batch)))
        self.remove(view, {id: revision for id, revision in batch.items() if id not in wanted})
        self.apply(view, wanted, batch)

    def apply(self, view: View, wanted: Mapping[str, Content], batch: Mapping[str, int]) -> None:
        for id, content in wanted.items():
            view.engine(Topology).apply(content, batch[id])

    def remove(self, view: View, gone: Mapping[str, int]) -> None:
        for id, revision in gone.items():
            view.engine(Topology).remove(self.content, id, revision)


_parts: dict[str, Part] = {}


def parts() -> list[Part]:
    """All parts, in the order in which reconcilers apply them: dependent kinds come later."""
    return sorted(_parts.values(), key=lambda part: reconcile.reconcilers[part.kind].order)
