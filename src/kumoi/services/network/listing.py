"""Lists of the network API: filters on any attribute, tags, order, pages, chosen fields."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal
from urllib.parse import urlencode

import msgspec
import sqlalchemy as sa

from kumoi.kernel import clock, pagination
from kumoi.kernel.database import R, Table, Transaction, row_type
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.pagination import Limit
from kumoi.kernel.queries import Params, Query, TimeText, Way, optional
from kumoi.kernel.shapes import partials, under
from kumoi.services.network.tags import store as tags_store

Unset = msgspec.UnsetType
Filter = Callable[[list[str]], sa.ColumnElement[bool]]
Visible = sa.ColumnElement[bool] | tuple[sa.ColumnElement[bool], ...] | None
"""The rows that the caller may see: those of a condition, those of any of several disjoint conditions, or (None)
all."""
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_INSTANTS = ("created_at", "updated_at")
_TAGS = ("tags", "tags-any", "not-tags", "not-tags-any")


FOR_ADMINS = msgspec.Meta(description="For admins only.")


class PageLink(msgspec.Struct):
    rel: str
    href: str


Fields = Sequence[str]
FIELDS: Query[Fields] = Query(optional("Fields", {"fields": list[str]}), lambda params: params.get("fields", ()))
"""The query of a route that shows one resource: the fields to return."""


def alternatives(
    project: sa.Column[str], project_id: str, own: sa.ColumnElement[bool]
) -> tuple[sa.ColumnElement[bool], ...]:
    """A project's rows, and those of others that depend on its `own`. "Not equal" is written as two ranges, so that an
    index can be used."""
    return project == project_id, sa.and_(own, project < project_id), sa.and_(own, project > project_id)


def several(collection: str, kind: Any) -> Any:
    """The reply of a list: resources of which `fields` may omit any field, and links to other pages."""
    return under(collection, partials(kind), **{f"{collection}_links": list[PageLink] | Unset})


def made(name: str, kind: Any) -> Any:
    """The reply of a create request: `{name: …}`, or `{names: […]}` for several."""
    return under(name, kind | Unset, **{f"{name}s": list[kind] | Unset})


@dataclass
class Asked:
    """A parsed query of a list."""

    filters: dict[str, list[str]] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    sort_keys: list[str] = field(default_factory=list)
    sort_dirs: list[str] = field(default_factory=list)
    limit: int | None = None
    marker: str | None = None
    reverse: bool = False

    @staticmethod
    def of(params: Params) -> "Asked":
        asked = Asked(filters=dict(params))
        taken = asked.filters.pop
        asked.fields = taken("fields", [])
        asked.sort_keys, asked.sort_dirs = taken("sort_key", []), taken("sort_dir", [])
        asked.marker = taken("marker", [""])[-1] or None
        asked.reverse = flag("page_reverse", taken("page_reverse", ["false"])[-1])
        limit = taken("limit", [""])[-1]
        if limit:
            if not limit.isdecimal() or len(limit) > 18:
                raise BadRequest(f"Limit must be an integer 0 or greater and not '{limit[:40]}'")
            asked.limit = int(limit) or None
        return asked

    def reply(self, request: Request, collection: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        """`{collection: items}` with the requested fields only, and links to the previous and next pages."""
        body: dict[str, Any] = {collection: chosen(items, self.fields)}
        size = min(self.limit or pagination.LARGEST_PAGE, pagination.LARGEST_PAGE)
        full = len(items) >= size
        after = bool(items) and (full or self.reverse)
        before = bool(items) and (self.marker is not None if not self.reverse else full)
        if self.limit is None:
            before = False
        links = []
        if after:
            links.append({"rel": "next", "href": self._href(request, items[-1]["id"], False)})
        if before:
            links.append({"rel": "previous", "href": self._href(request, items[0]["id"], True)})
        if not items and self.marker is not None:
            # Beyond either end, the way back starts at that end.
            way = "next" if self.reverse else "previous"
            links.append({"rel": way, "href": self._href(request, None, not self.reverse)})
        if links:
            body[f"{collection}_links"] = links
        return body

    def _href(self, request: Request, marker: str | None, reverse: bool) -> str:
        params = [
            (name, value)
            for name, values in request.params.items()
            if name not in ("marker", "page_reverse")
            for value in values
        ]
        if marker is not None:
            params.append(("marker", marker))
        if reverse:
            params.append(("page_reverse", "True"))
        return f"{request.base_url}{request.url_path}?{urlencode(params)}"


def chosen(items: list[dict[str, Any]], fields: Sequence[str]) -> list[dict[str, Any]]:
    """The requested `fields` that exist; all if none are requested."""
    if not fields:
        return items
    return [{name: item[name] for name in fields if name in item} for item in items]


def chosen_one(fields: Fields, item: dict[str, Any]) -> dict[str, Any]:
    return chosen([item], fields)[0]


def list_query(filters: Mapping[str, Any], sort_keys: Iterable[str] = (), admin: Iterable[str] = ()) -> Query[Asked]:
    """The query of a list. `filters`: name → type of one value; each may be repeated. `admin`: filters for admins.
    Undeclared parameters reach the list too, which refuses them with this service's error."""
    keys = tuple(sort_keys)
    paging: dict[str, Any] = {
        "fields": list[str], "limit": Limit, "marker": str, "page_reverse": bool,
        "sort_key": list[Literal[keys]] if keys else list[str],  # type: ignore[valid-type]
        "sort_dir": list[Way],
    }  # fmt: skip
    types: dict[str, Any] = {name: list[kind] for name, kind in filters.items()}  # type: ignore[valid-type]
    types |= {name: Annotated[types[name], FOR_ADMINS] for name in admin}
    return Query(optional("ListQuery", types | paging), Asked.of, takes_undeclared=True)


class Listing(Generic[R]):
    """The list of one resource. `attributes`: API name → column. `special`: API name → condition for its values.
    `admin`: names that only admins may filter and sort by. `types`: types of special filters that are not texts.
    `spelled`: normalizes a value as in its column. `few`: whether the filters leave so few rows that these are found first
    and sorted afterwards. `query`: the declaration for its list routes."""

    def __init__(
        self,
        table: Table[R],
        attributes: Mapping[str, sa.Column[Any]],
        special: Mapping[str, Filter] | None = None,
        admin: Sequence[str] = (),
        tagged: bool = True,
        types: Mapping[str, Any] | None = None,
        spelled: Mapping[str, Callable[[str], str]] | None = None,
        few: Callable[[Mapping[str, list[str]]], bool] = lambda _filters: False,
    ) -> None:
        self.table = table
        standard = {
            name: table.c[name]
            for name in ("id", "project_id", "name", "description", "revision_number", "created_at", "updated_at")
            if name in table.c
        }
        self.attributes = {**standard, "tenant_id": table.c.project_id, **attributes}
        self.special = {**(special or {}), "changed_since": self._changed_since}
        self.admin = frozenset(admin)
        self.spelled = spelled or {}
        self.few = few
        self.tagged = tagged
        self.query = list_query(self._filters(types or {}), sorted(self.attributes), self.admin)

    def _filters(self, types: Mapping[str, Any]) -> dict[str, Any]:
        """Name → type of a value, of every filter."""
        found: dict[str, Any] = {name: type_of(column, name) for name, column in self.attributes.items()}
        found |= {name: types.get(name, str) for name in self.special}
        found |= {"changed_since": TimeText} | dict.fromkeys(_TAGS if self.tagged else (), str)
        return found

    def rows(self, tx: Transaction, asked: Asked, visible: Visible, *, is_admin: bool) -> list[R]:
        """One page of rows; `visible` None: all."""
        alternatives = visible if isinstance(visible, tuple) else (sa.true() if visible is None else visible,)
        query = sa.select(self.table).where(*self.conditions(asked.filters, is_admin))
        if len(alternatives) > 1 and self.few(asked.filters):
            # A page of each alternative would be read in the order of all rows of the project.
            alternatives = (sa.or_(*alternatives),)
        marker = None
        if asked.marker is not None:
            own = sa.select(self.table).where(self.table.c.id == asked.marker, sa.or_(*alternatives))
            marker = tx.one(own, row_type(self.table))
            if marker is None:
                raise pagination.MarkerNotFound(f"marker: {asked.marker[:64]} could not be found.")
        return pagination.page(
            tx, query, row_type(self.table), sort=self._order(asked, is_admin), marker=marker, limit=asked.limit,
            reverse=asked.reverse, alternatives=alternatives,
        )  # fmt: skip

    def conditions(self, filters: Mapping[str, list[str]], is_admin: bool) -> list[sa.ColumnElement[bool]]:
        conditions = []
        unknown = []
        for name, values in filters.items():
            if name in self.admin and not is_admin:
                unknown.append(name)
            elif name in self.special:
                conditions.append(self.special[name](values))
            elif name in self.attributes:
                if name in self.spelled:
                    values = [self.spelled[name](value) for value in values]
                conditions.append(matches(self.attributes[name], name, values))
            elif self.tagged and name in _TAGS:
                conditions.append(tags_store.condition(self.table.c.id, name, values))
            else:
                unknown.append(name)
        if unknown:
            raise BadRequest(f"{unknown} is invalid attribute for filtering")
        return conditions

    def _order(self, asked: Asked, is_admin: bool) -> list[tuple[sa.ColumnElement[Any], str]]:
        if asked.sort_dirs and len(asked.sort_dirs) != len(asked.sort_keys):
            raise BadRequest("The number of sort_keys and sort_dirs must be same")
        order: list[tuple[sa.ColumnElement[Any], str]] = []
        for position, key in enumerate(asked.sort_keys):
            way = asked.sort_dirs[position] if asked.sort_dirs else "asc"
            if key not in self.attributes or (key in self.admin and not is_admin):
                raise BadRequest(f"{key[:64]} is invalid attribute for sort_keys")
            if way not in ("asc", "desc"):
                raise BadRequest(f"{way[:64]} is invalid value for sort_dirs, valid values are 'asc' and 'desc'")
            # Columns after the id, which is unique, have no effect on the order.
            if all(column is not self.attributes[key] and column is not self.table.c.id for column, _ in order):
                order.append((self.attributes[key], way))
        if not order:
            order = [(self.table.c.created_at, "asc")]
        if all(column is not self.table.c.id for column, _ in order):
            order.append((self.table.c.id, order[-1][1]))
        return order

    def _changed_since(self, values: list[str]) -> sa.ColumnElement[bool]:
        try:
            return self.table.c.updated_at >= clock.parse_iso(values[-1])
        except ValueError:
            raise BadRequest(f"changed_since is not an ISO 8601 time: {values[-1][:40]}") from None


def type_of(column: sa.Column[Any], name: str) -> Any:
    """The type as which `matches` parses a value of the column."""
    if isinstance(column.type, sa.Boolean):
        return bool
    if name in _INSTANTS:
        return TimeText
    return int if isinstance(column.type, sa.Integer) else str


def matches(column: sa.Column[Any], name: str, values: list[str]) -> sa.ColumnElement[bool]:
    """Any of the values, read as the column's type."""
    wanted: list[Any]
    if isinstance(column.type, sa.Boolean):
        wanted = [flag(name, value) for value in values]
    elif name in _INSTANTS:
        # The API shows no fractions of seconds, so all instants of a second are equal.
        return (column - column % clock.SECOND).in_([_second(name, value) for value in values])
    elif isinstance(column.type, sa.Integer):
        wanted = [number(name, value) for value in values]
    else:
        wanted = values
    return column == wanted[0] if len(wanted) == 1 else column.in_(wanted)


def flag(name: str, value: str) -> bool:
    try:
        return _FLAGS[value.lower()]
    except KeyError:
        raise BadRequest(f"Invalid input for {name}. Reason: '{value[:40]}' cannot be converted to boolean.") from None


def number(name: str, value: str) -> int:
    try:
        found = int(value)
    except ValueError:
        found = 1 << 63
    if not -(1 << 63) <= found < 1 << 63:
        raise BadRequest(f"Invalid input for {name}. Reason: '{value[:40]}' is not an integer.")
    return found


def _second(name: str, value: str) -> int:
    try:
        instant = clock.parse_iso(value)
    except ValueError:
        raise BadRequest(f"Invalid input for {name}. Reason: '{value[:40]}' is not an ISO 8601 time.") from None
    return instant - instant % clock.SECOND
