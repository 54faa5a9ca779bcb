"""Names that are unique whatever their case: rows keep a name as written, and its folded form to compare by (decision 18)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

LONGEST = 768
"""Characters: folding makes up to three of one."""
_FOLDED = "folded"


def folded(name: str) -> str:
    return name.casefold()


def folded_column() -> sa.Column[str]:
    """The column beside `name`. Exact filters on it fold the value that they compare it with."""
    return sa.Column("folded_name", sa.String(LONGEST), nullable=False, info={_FOLDED: True})


def is_folded(column: sa.Column[Any]) -> bool:
    return bool(column.info.get(_FOLDED))


def as_written(column: sa.Column[Any]) -> sa.Column[Any]:
    """The name's own column, for `name__contains` and its like, which heed the case; any other column is itself."""
    return column.table.c.name if is_folded(column) else column


def with_folded(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values to write, with the folded form of the name if they include a name."""
    return {**values, "folded_name": folded(values["name"])} if "name" in values else dict(values)
