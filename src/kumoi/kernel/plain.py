"""Plain resources: rows that belong to a project, and that clients list, create, show, change and delete.

`ProjectRows` finds, pages, counts, writes and removes them; a resource whose routes are its own uses it alone, and `Rows`
where the owner is no project. `routes` makes the five routes of the common shape from the rows, the schemas and what is
the resource's own (`values`, `changes`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, cast

import msgspec
import sqlalchemy as sa

from kumoi.kernel import policy, quotas
from kumoi.kernel.database import R, Table, Transaction
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.pagination import Limit, MarkerNotFound, full, page, sorting
from kumoi.kernel.quotas import Quota
from kumoi.kernel.removal import Removal
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.who import Who

Id = Annotated[str, msgspec.Meta(max_length=64)]


class ListQuery(msgspec.Struct, kw_only=True):
    """What every plain list takes. A resource adds filters as further fields, each named like its column."""

    limit: Limit | None = None
    marker: Id | None = None
    sort_key: list[str] = []
    sort_dir: list[str] = []


class Link(msgspec.Struct):
    rel: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Rows(Generic[R]):
    """The rows of one resource. `owner` and `key` are the columns of whose they are and by what clients name them; a key is
    unique within its owner."""

    table: Table[R]
    owner: str = "project_id"
    key: str = "id"
    sort_keys: Sequence[str] = ("id", "name", "created_at", "updated_at")
    """Columns by which clients may sort; those that the table does not have are left out."""
    removal: Removal = field(default_factory=Removal)

    def find(self, tx: Transaction, owner_id: str, key: str) -> R | None:
        """The owner's row, or None."""
        row: R | None = tx.row(self.table, **{self.owner: owner_id, self.key: key})
        return row

    def page(
        self, tx: Transaction, owner_id: str | None, query: Any, *conditions: sa.ColumnElement[bool]
    ) -> tuple[list[R], bool]:
        """A page of the owner's rows (None: of everybody's), and whether another may follow. `query`: a ListQuery."""
        given = {name: value for name, value in set_fields(query).items() if value is not None}
        where = [self.table.c[name] == value for name, value in given.items() if name not in _PAGING]
        if owner_id is not None:
            where.append(self.table.c[self.owner] == owner_id)
        marker = None
        if (name := given.get("marker")) is not None:
            of_owner = {} if owner_id is None else {self.owner: owner_id}
            marker = tx.row(self.table, **{self.key: name, **of_owner})
            if marker is None:
                raise MarkerNotFound(f"marker [{name}] not found")
        rows = page(
            tx, sa.select(self.table).where(*where, *conditions), sort=self._sort(given), marker=marker,
            limit=given.get("limit"),
        )  # fmt: skip
        return cast(list[R], rows), full(rows, given.get("limit"))

    def _sort(self, given: Mapping[str, Any]) -> list[tuple[sa.ColumnElement[Any], str]]:
        keys, ways = given.get("sort_key", []), given.get("sort_dir", [])
        if self.key != "id":
            return [(self.table.c[self.key], "asc")]
        return sorting(self.table, keys, ways, allowed={key: key for key in self.sort_keys if key in self.table.c})

    def count(self, tx: Transaction, owner_id: str) -> int:
        """How many the owner has: the usage of a Quota."""
        query = sa.select(sa.func.count()).select_from(self.table).where(self.table.c[self.owner] == owner_id)
        return int(tx.scalar(query) or 0)

    def insert(self, tx: Transaction, owner_id: str, **values: Any) -> R:
        """With id, owner and instants where the table has such columns and they are not given; the row."""
        made = {self.owner: owner_id, "created_at": tx.now, "updated_at": tx.now, **values}
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
            tx.update(self.table, {self.owner: row[self.owner], self.key: row[self.key]}, **values)
        return cast(R, {**row, **values})

    def remove(self, tx: Transaction, row: R) -> None:
        """With what stands on it; see `removal`."""
        self.removal.run(tx, [row[self.key]])
        is_it = (self.table.c[self.owner] == row[self.owner], self.table.c[self.key] == row[self.key])
        tx.execute(self.table.delete().where(*is_it))


@dataclass(frozen=True, kw_only=True)
class ProjectRows(Rows[R]):
    """Rows of projects: whoever does not see one does not find it."""

    absent: Callable[[str], NotFound]
    """The error for an id that the caller does not find."""

    def visible(self, tx: Transaction, who: Who, key: str) -> R:
        """The row, if the caller may see it; else `absent`."""
        row: R | None = tx.row(self.table, **{self.key: key})
        if row is None or not who.sees(row[self.owner]):
            raise self.absent(key)
        return row

    def own(self, tx: Transaction, who: Who, key: str, rule: str) -> R:
        """The row, if the caller may change it. PolicyForbids naming `rule` for those who only see it."""
        row = self.visible(tx, who, key)
        policy.must_change(who, row[self.owner], rule)
        return row


_PAGING = frozenset(ListQuery.__struct_fields__)


def set_fields(struct: msgspec.Struct) -> dict[str, Any]:
    """Field → value, without those that are UNSET."""
    values = ((name, getattr(struct, name)) for name in struct.__struct_fields__)
    return {name: value for name, value in values if value is not msgspec.UNSET}


def as_sent(tx: Transaction, who: Who, asked: Any) -> Mapping[str, Any]:
    """The columns of a new row are the fields of the body."""
    return set_fields(asked)


def as_changed(tx: Transaction, who: Who, row: Mapping[str, Any], asked: Any) -> Mapping[str, Any]:
    """The columns that change are the fields of the body that were sent."""
    return set_fields(asked)


def routes(
    rows: ProjectRows[R],
    one: str,
    many: str,
    *,
    create: type[msgspec.Struct],
    reply: type[msgspec.Struct],
    shown: Callable[[R], msgspec.Struct],
    update: type[msgspec.Struct] | None = None,
    query: type[ListQuery] = ListQuery,
    values: Callable[[Transaction, Who, Any], Mapping[str, Any]] = as_sent,
    changes: Callable[[Transaction, Who, R, Any], Mapping[str, Any]] = as_changed,
    quota: Quota | None = None,
    path: str | None = None,
    method: Literal["PUT", "PATCH"] = "PUT",
    errors: tuple[int, ...] = (),
) -> Routes:
    """List, create, show, update and delete below `path` (`/{many}`), in envelopes: `{one: …}`, `{many: […]}` and
    `{many}_links` to the next page.

    `shown` makes the `reply` of a row. `values(tx, who, body)` gives a new row's columns and `changes(tx, who, row, body)`
    those that change: checks go there, and what they refuse is listed in `errors`. Without `update` there is no such route.
    In `update` what may be left out is UNSET by default."""
    made = Routes()
    path = path or f"/{many}"
    named = f"{one}_id"
    links = f"{many}_links"
    title = "".join(word.title() for word in one.split("_"))

    def envelope(kind: Any, suffix: str, name: str = one, **more: Any) -> Any:
        fields: list[Any] = [(name, kind)] + [(key, type_, msgspec.UNSET) for key, type_ in more.items()]
        return msgspec.defstruct(f"{title}{suffix}", fields, kw_only=True, module=reply.__module__)

    one_body = envelope(reply, "Body")
    many_body = envelope(list[reply], "ListBody", many, **{links: list[Link] | msgspec.UnsetType})  # type: ignore[valid-type]
    create_body = envelope(create, "CreateBody")

    def handler(function: Any, name: str) -> Any:
        # A route is called after the resource's folder and its handler.
        function.__name__, function.__module__ = name, reply.__module__
        return function

    def index(request: Request, query: Any) -> Any:
        found, more = rows.page(request.tx, request.who.only_project, query)
        next_page = [Link("next", request.link_after(found[-1][rows.key]))] if more else msgspec.UNSET
        return many_body(**{many: [shown(row) for row in found], links: next_page})

    def make(request: Request, body: Any) -> Any:
        tx, who = request.tx, request.who
        if who.project_id is None:
            raise BadRequest(f"A {one} belongs to a project: use a token with a project's scope.")
        given = values(tx, who, getattr(body, one))
        if quota is not None:
            quotas.take(tx, quota.service, who.project_id, {quota.resource: 1})
        return one_body(**{one: shown(rows.insert(tx, who.project_id, **given))})

    def show(request: Request, **of: str) -> Any:
        return one_body(**{one: shown(rows.visible(request.tx, request.who, of[named]))})

    def change(request: Request, body: Any, **of: str) -> Any:
        row = rows.own(request.tx, request.who, of[named], f"update_{one}")
        given = changes(request.tx, request.who, row, getattr(body, one))
        return one_body(**{one: shown(rows.update(request.tx, row, **given))})

    def delete(request: Request, **of: str) -> Reply:
        rows.remove(request.tx, rows.own(request.tx, request.who, of[named], f"delete_{one}"))
        return Reply()

    takes = () if quota is None else (quota.resource,)
    single = f"{path}/{{{named}}}"
    made.get(path, policy=policy.reader(), query=query, reply=many_body)(handler(index, "index"))
    made.post(path, policy=policy.member(), body=create_body, reply=one_body, quota=takes, errors=errors)(
        handler(make, "create")
    )
    made.get(single, policy=policy.reader(), reply=one_body)(handler(show, "show"))
    if update is not None:
        put = made.put if method == "PUT" else made.patch
        put(single, policy=policy.member(), body=envelope(update, "UpdateBody"), reply=one_body, errors=errors)(
            handler(change, "update")
        )
    made.delete(single, policy=policy.member(), errors=errors)(handler(delete, "delete"))
    return made
