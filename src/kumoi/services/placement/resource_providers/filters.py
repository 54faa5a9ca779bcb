"""Filters of lists of resource providers. Each resource below a provider adds its own filter."""

from collections.abc import Callable

from kumoi.kernel.database import Transaction
from kumoi.services.placement.queries import Wish
from kumoi.services.placement.resource_providers.models import ResourceProviderRow

Filter = Callable[[Transaction, list[ResourceProviderRow], Wish], list[ResourceProviderRow]]
_filters: list[Filter] = []


def narrows(function: Filter) -> Filter:
    """Decorator: it gives those of the rows that fit the wish. BadRequest for names that do not exist."""
    _filters.append(function)
    return function


def narrowed(tx: Transaction, rows: list[ResourceProviderRow], wish: Wish) -> list[ResourceProviderRow]:
    for function in _filters:
        rows = function(tx, rows, wish)
    return rows
