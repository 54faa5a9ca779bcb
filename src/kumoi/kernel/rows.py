"""The rows of a plain resource: finding, paging, counting, writing and deleting them.

`ProjectRows` belong to projects, `SharedRows` to nobody; `Rows` is for other owners, such as users.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, cast

import msgspec
import sqlalchemy as sa

from kumoi.kernel import policy
from kumoi.kernel.database import R, Table, Transaction
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.pagination import Limit, MarkerNotFound, full, page, sorting
from kumoi.kernel.removal import Removal
from kumoi.kernel.who import Who

Id = Annotated[str, msgspec.Meta(max_length=64)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]


class ListQuery(msgspec.Struct, kw_only=True):
    """The query of every plain list. A resource adds filters as further fields, each named like its column, and
    `offset: rows.Offset = 0` if its API pages by numbers."""

    limit: Limit | None = None
    marker: Id | None = None
    sort_key: list[str] = []
    sort_dir: list[str] = []


_PAGING = frozenset({*ListQuery.__struct_fields__, "offset"})


def set_fields(struct: msgspec.Struct) -> dict[str, Any]:
    """Field → value, without those that are UNSET."""
    values = ((name, getattr(struct, name)) for name in struct.__struct_fields__)
    return {name: value for name, value in values if value is not msgspec.UNSET}


@dataclass(frozen=True, kw_only=True)
class Rows(Generic[R]):
    """The rows of one resource. `owner` is the column of the owner, and `key` the column by which clients name a row. A
    key is unique within its owner."""

    table: Table[R]
    owner: str | None = "project_id"
    """None: the rows belong to nobody."""
    key: str = "id"
    sort_keys: Sequence[str] = ("id", "name", "created_at", "updated_at")
    """Columns by which clients may sort. Columns that the table does not have are ignored."""
    order: Sequence[tuple[str, Literal["asc", "desc"]]] = (("created_at", "desc"), ("id", "desc"))
    """The columns that a list is sorted by if the client names none."""
    removal: Removal = field(default_factory=Removal)

    def find(self, tx: Transaction, owner_id: str | None, key: str) -> R | None:
        """The owner's row, or None."""
        row: R | None = tx.row(self.table, **{self.key: key}, **self._whose(owner_id))
        return row

    def _whose(self, owner_id: str | None) -> dict[str, str]:
        return {} if self.owner is None or owner_id is None else {self.owner: owner_id}

    def page(
        self,
        tx: Transaction,
        owner_id: str | None,
        query: Any,
        *conditions: sa.ColumnElement[bool],
        within: Mapping[str, Any] = {},
    ) -> tuple[list[R], bool]:
        """A page of the owner's rows (None: of all owners), and whether another page may follow. `query`: a ListQuery.
        `within`: required values of columns."""
        given = {name: value for name, value in set_fields(query).items() if value is not None}
        fixed = {**within, **self._whose(owner_id)}
        marker = None
        if (name := given.get("marker")) is not None:
            marker = tx.row(self.table, **{self.key: name, **fixed})
            if marker is None:
                raise MarkerNotFound(f"marker [{name}] not found")
        wanted = sa.select(self.table).where(*self._where(owner_id, query, within), *conditions)
        if given.get("offset"):
            wanted = wanted.offset(given["offset"])
        rows = page(tx, wanted, sort=self._sort(given), marker=marker, limit=given.get("limit"))
        return cast(list[R], rows), full(rows, given.get("limit"))

    def total(self, tx: Transaction, owner_id: str | None, query: Any, within: Mapping[str, Any] = {}) -> int:
        """The number of rows on all pages of `query`."""
        counted = sa.select(sa.func.count()).select_from(self.table).where(*self._where(owner_id, query, within))
        return int(tx.scalar(counted) or 0)

    def _where(self, owner_id: str | None, query: Any, within: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
        given = {name: value for name, value in set_fields(query).items() if value is not None and name not in _PAGING}
        return [self.table.c[name] == value for name, value in {**given, **within, **self._whose(owner_id)}.items()]

    def _sort(self, given: Mapping[str, Any]) -> list[tuple[sa.ColumnElement[Any], str]]:
        keys, ways = given.get("sort_key", []), given.get("sort_dir", [])
        if self.key != "id":
            return [(self.table.c[self.key], "asc")]
        allowed = {key: key for key in self.sort_keys if key in self.table.c}
        return sorting(self.table, keys, ways, allowed=allowed, default=self.order)

    def count(self, tx: Transaction, owner_id: str) -> int:
        """The owner's number of rows: the usage of a Quota."""
        whose = self._whose(owner_id).items()
        query = sa.select(sa.func.count()).select_from(self.table)
        return int(tx.scalar(query.where(*(self.table.c[name] == value for name, value in whose))) or 0)

    def insert(self, tx: Transaction, owner_id: str | None, **values: Any) -> R:
        """Insert a row and return it. Adds id, owner and instants if the table has such columns and they are not
        given."""
        made = {**self._whose(owner_id), "created_at": tx.now, "updated_at": tx.now, **values}
        if self.key == "id":
            made.setdefault("id", tx.new_uuid())
        row = {name: value for name, value in made.items() if name in self.table.c}
        tx.insert(self.table, **row)
        return cast(R, {column.name: None for column in self.table.c} | row)

    def update(self, tx: Transaction, row: R, **values: Any) -> R:
        """The row as it is then."""
        if values and "updated_at" in self.table.c:
            values.setdefault("updated_at", tx.now)
        if values:
            tx.update(self.table, {name: row[name] for name in self._identity()}, **values)
        return cast(R, {**row, **values})

    def remove(self, tx: Transaction, row: R) -> None:
        """Delete the row and what depends on it; see `removal`."""
        self.removal.run(tx, [row[self.key]])
        tx.execute(self.table.delete().where(*(self.table.c[name] == row[name] for name in self._identity())))

    def _identity(self) -> tuple[str, ...]:
        return (self.key,) if self.owner is None else (self.owner, self.key)


@dataclass(frozen=True, kw_only=True)
class ProjectRows(Rows[R]):
    """Rows of projects. A caller who may not see a row does not find it."""

    absent: Callable[[str], NotFound]
    """The error for an id that the caller does not find."""

    def visible(self, tx: Transaction, who: Who, key: str, **within: Any) -> R:
        """The row, if the caller may see it; else `absent`. `within`: required values of columns."""
        row: R | None = tx.row(self.table, **{self.key: key}, **within)
        if row is None or not who.sees(row[cast(str, self.owner)]):
            raise self.absent(key)
        return row

    def own(self, tx: Transaction, who: Who, key: str, rule: str, **within: Any) -> R:
        """The row, if the caller may change it. PolicyForbids with `rule` for callers who may only see it."""
        row = self.visible(tx, who, key, **within)
        policy.must_change(who, row[cast(str, self.owner)], rule)
        return row

    def listed(self, who: Who) -> str | None:
        """The owner of the rows in the caller's list; None: all owners."""
        return who.only_project

    def maker(self, who: Who, one: str) -> str:
        """The owner of a new row."""
        if who.project_id is None:
            raise BadRequest(f"A {one} belongs to a project: use a token with a project's scope.")
        return who.project_id


@dataclass(frozen=True, kw_only=True)
class SharedRows(Rows[R]):
    """Rows of no project, such as flavors. The policies of their routes decide who may see and change them. Children of
    another resource's rows are such rows too (`Parent`)."""

    owner: str | None = None
    absent: Callable[[str], NotFound]

    def visible(self, tx: Transaction, who: Who, key: str, **within: Any) -> R:
        row: R | None = tx.row(self.table, **{self.key: key}, **within)
        if row is None:
            raise self.absent(key)
        return row

    def own(self, tx: Transaction, who: Who, key: str, rule: str, **within: Any) -> R:
        """As `visible`. The route's policy has already been checked."""
        return self.visible(tx, who, key, **within)

    def listed(self, who: Who) -> None:
        return None

    def maker(self, who: Who, one: str) -> None:
        return None
