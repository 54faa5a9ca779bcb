"""What each kind of resource has in the topology: a part is declared beside the resource's reconciler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kumoi.engines.network.interface import Content, TopologyInventory
from kumoi.kernel import reconcile
from kumoi.kernel.database import Transaction


@dataclass(frozen=True)
class Part:
    """Registered by being made. The audit compares it with the tables, and the sweeps repair what differs."""

    kind: str
    """Of its reconciler: `network.router`."""
    ids: sa.Select[Any]
    """The ids that the topology should hold."""
    held: Callable[[TopologyInventory], dict[str, int]]
    """Those that it holds, with their revisions."""
    desired: Callable[[Transaction, list[str]], Mapping[str, Content]]
    """What it should hold of some ids."""

    def __post_init__(self) -> None:
        _parts[self.kind] = self


_parts: dict[str, Part] = {}


def parts() -> list[Part]:
    """Every one, in the order in which reconcilers bring them into the topology: what stands on others comes later."""
    return sorted(_parts.values(), key=lambda part: reconcile.reconcilers[part.kind].order)
