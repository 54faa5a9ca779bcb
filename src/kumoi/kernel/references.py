"""Which rows of other resources refer to a row, by the foreign keys of their tables."""

from collections.abc import Iterator

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.changes import ChangeRow, Watched
from kumoi.kernel.database import Transaction


def referring(tx: Transaction, resource: str, key: str, limit: int) -> list[ChangeRow]:
    """At most `limit` resources that refer to it, each as if it had just changed."""
    found: list[ChangeRow] = []
    every = changes.watched()
    whole = next(
        (one for one in every.values() if one.resource == resource and one.parent is None and one.is_whole), None
    )
    if whole is None or "id" not in whole.table.c:
        return found
    row_id = tx.scalar(sa.select(whole.table.c.id).where(whole.table.c[whole.key] == key).limit(1))
    for one in every.values():
        for column in _columns(one, whole):
            if row_id is None or len(found) >= limit:
                return found
            found += tx.all(_rows(one, column, row_id).limit(limit - len(found)), ChangeRow)
    return found


def _columns(one: Watched, whole: Watched) -> Iterator[sa.Column[object]]:
    """The columns of a table that refer to the resource, where its rows are not parts of it."""
    if (one.parent or one).resource == whole.resource:
        return
    for key in sorted(one.table.foreign_keys, key=lambda key: key.parent.name):
        if key.column is whole.table.c.id:
            yield key.parent


def _rows(one: Watched, column: sa.Column[object], row_id: object) -> sa.Select[tuple[object, ...]]:
    holder = one.parent or one
    values = holder.values(holder.table.name)
    source: sa.FromClause = one.table
    if one.parent is not None:
        source = one.table.join(holder.table, holder.table.c.id == one.table.c[one.link])
    fixed = {"id": "0", "written_by": "0", "at": "0", "service": f"'{one.service}'", "resource": f"'{one.resource}'"}
    columns = [
        sa.literal_column(text, changes.changes.c[name].type).label(name) for name, text in {**fixed, **values}.items()
    ]
    return (
        sa.select(*columns).select_from(source).where(column == row_id).order_by(holder.table.c[holder.key]).distinct()
    )
