"""Pages by marker, in a total order that is the same on every database (NULLs first when ascending)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.errors import MarkerNotFound as MarkerNotFound

LARGEST_PAGE = 1000
Limit = Annotated[int, msgspec.Meta(ge=0)]
"""The `limit` of a page."""


def page(
    tx: Transaction,
    query: sa.Select[Any],
    row: type[Any] | None = None,
    *,
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: Mapping[str, Any] | None,
    limit: int | None,
    reverse: bool = False,
    alternatives: Sequence[sa.ColumnElement[bool]] = (),
) -> list[Any]:
    """Rows of the type `row` after `marker` (a row of the same query), at most min(limit, LARGEST_PAGE).

    `sort`: (column, `asc` or `desc`); the last column must be unique. `reverse`: the page before the marker.
    `alternatives`: disjoint conditions; each row must meet one. A page of each is read, because each may have an index
    in the right order, while all of them together have none.
    """
    order = [(column, (direction == "desc") != reverse) for column, direction in sort]
    if marker is not None:
        query = query.where(_after(order, marker))
    most = min(limit, LARGEST_PAGE) if limit is not None else LARGEST_PAGE
    query = query.order_by(*(_ordered(column, down) for column, down in order)).limit(most)
    if len(alternatives) < 2:
        rows = tx.all(query.where(*alternatives), row)
    else:
        # The primary key, wherever it is in the order. An index on another column would find rows that meet no
        # condition.
        (key,) = (column for column, _ in order if getattr(column, "primary_key", False))
        pages = [sa.select(query.where(each).with_only_columns(key).subquery()) for each in alternatives]
        rows = tx.all(query.where(key.in_(sa.union_all(*pages))), row)
    return rows[::-1] if reverse else rows


def unindexed(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The column as an expression that no index contains. Use it beside a condition that leaves few rows: SQLite expects
    few rows of every equality, and would read all rows of a project only because they are sorted."""
    return column + sa.literal_column("''", sa.String)


def full(rows: Sequence[Any], limit: int | None) -> bool:
    """Whether a page has its maximum length, so that another page may follow."""
    return 0 < len(rows) >= min(LARGEST_PAGE if limit is None else limit, LARGEST_PAGE)


def _after(order: Sequence[tuple[sa.ColumnElement[Any], bool]], marker: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    ways = {down for _, down in order}
    if len(ways) == 1 and all(_always_there(column) for column, _ in order):
        # Compared as one, which an index on these columns answers; alternatives are not.
        here = sa.tuple_(*(column for column, _ in order))
        there = sa.tuple_(*(sa.bindparam(None, _of(marker, column), type_=column.type) for column, _ in order))
        return here < there if ways == {True} else here > there
    choices = []
    equal: list[sa.ColumnElement[bool]] = []
    for column, down in order:
        value = _of(marker, column)
        if value is None:
            past: sa.ColumnElement[bool] = sa.false() if down else column.is_not(None)
            same: sa.ColumnElement[bool] = column.is_(None)
        else:
            past = sa.or_(column < value, column.is_(None)) if down else column > value
            same = column == value
        choices.append(sa.and_(*equal, past))
        equal = [*equal, same]
    return sa.or_(*choices)


def _of(marker: Mapping[str, Any], column: sa.ColumnElement[Any]) -> Any:
    return marker[str(getattr(column, "key", column))]


def _always_there(column: sa.ColumnElement[Any]) -> bool:
    return isinstance(column, sa.Column) and not column.nullable


def _ordered(column: sa.ColumnElement[Any], down: bool) -> sa.ColumnElement[Any]:
    """Columns without NULLs need no NULLS clause: PostgreSQL does not use an index with another NULLS order."""
    if _always_there(column):
        return column.desc() if down else column.asc()
    return column.desc().nulls_last() if down else column.asc().nulls_first()


def sorting(
    table: sa.Table,
    keys: Sequence[str],
    directions: Sequence[str],
    *,
    allowed: dict[str, str],
    default: Sequence[tuple[str, str]] = (("created_at", "desc"), ("id", "desc")),
) -> list[tuple[sa.ColumnElement[Any], str]]:
    """Columns and directions from a client's sort_key and sort_dir; `allowed`: API name → column. Ends in the id."""
    if not keys:
        chosen = [(name, directions[0] if directions and len(directions) == 1 else way) for name, way in default]
    else:
        chosen = []
        for position, key in enumerate(keys):
            if key not in allowed:
                raise BadRequest(f"Invalid sort key: {key[:100]}")
            way = directions[position] if position < len(directions) else (directions[-1] if directions else "desc")
            chosen.append((allowed[key], way))
    for _, way in chosen:
        if way not in ("asc", "desc"):
            raise BadRequest(f"Invalid sort direction: {way[:100]}; it is asc or desc.")
    order: dict[str, str] = {}
    for name, way in chosen:
        # A repeated sort column has no effect.
        order.setdefault(name, way)
    order.setdefault("id", chosen[-1][1])
    return [(table.c[name], way) for name, way in order.items()]
