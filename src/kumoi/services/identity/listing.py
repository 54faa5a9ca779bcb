"""Identity's lists: exact and inexact filters, pages by marker, links; and clients' additional attributes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any, Generic
from urllib.parse import urlencode

import msgspec
import sqlalchemy as sa

from kumoi.kernel.database import R, Transaction
from kumoi.kernel.http import Request
from kumoi.kernel.pagination import LARGEST_PAGE, MarkerNotFound
from kumoi.kernel.queries import Family, Query, optional
from kumoi.services.identity import names
from kumoi.services.identity.errors import Invalid


class Itself(msgspec.Struct):
    """The links of one resource."""

    self: str


class Pages(msgspec.Struct):
    """Links of a list."""

    self: str
    previous: None
    next: str | None


Params = Mapping[str, list[str]]
Conditions = list[sa.ColumnElement[bool]]


@dataclass(frozen=True)
class Selection(Generic[R]):
    """The rows of a list that a caller may see. `fetch`: (marker or None, limit) → rows; `find`: id → the row of a
    marker."""

    fetch: Callable[[R | None, int], list[R]]
    find: Callable[[str], R | None]


def selection(
    tx: Transaction, store: ModuleType, wanted: Conditions, find: Callable[[Transaction, str], R | None] | None = None
) -> Selection[R]:
    """The rows of `store.listed` that meet the conditions. `find`: finds a marker; None: `store.find`."""
    find = find or store.find
    return Selection(lambda marker, limit: store.listed(tx, wanted, marker, limit), lambda row_id: find(tx, row_id))


Columns = Mapping[str, sa.Column[Any]]
PAGING = {"limit": Annotated[int, msgspec.Meta(ge=1)], "marker": str}
_HOW = "contains|startswith|endswith"


def query(columns: Columns, more: Mapping[str, Any] | None = None, *, paged: bool = True) -> Query[Params]:
    """The query of a list: a filter for each of `columns`, inexact filters for texts, `more` (name → type), and pages.
    `conditions` evaluates the filters, and refuses unknown inexact filters."""
    types = {name: bool if isinstance(column.type, sa.Boolean) else str for name, column in columns.items()}
    texts = sorted(name for name, kind in types.items() if kind is str)
    families = [Family("inexact", f"({'|'.join(texts)})__i?({_HOW})")] if texts else []
    shape = optional("ListQuery", {**types, **(more or {}), **(PAGING if paged else {})})
    return Query(shape, lambda params: params, tuple(families), takes_undeclared=True)


PAGES = query({})
"""The query of a list without filters."""


def conditions(params: Params, columns: Columns) -> Conditions:
    """Conditions from `name=…` and `name__contains=…` (startswith, endswith; with the prefix `i` they ignore case).
    `columns`: the names that may be filtered by; others are ignored."""
    found: Conditions = []
    for key, values in params.items():
        name, _, how = key.partition("__")
        column = columns.get(name)
        if column is None:
            continue
        if isinstance(column.type, sa.Boolean):
            found.append(column.is_(truth(values[-1])))
        elif not how:
            found.append(column == (names.folded(values[-1]) if names.is_folded(column) else values[-1]))
        else:
            found.append(_inexact(names.as_written(column), how, values[-1], key))
    return found


def truth(text: str) -> bool:
    """Parse a flag in a query. Everything except a clear "no" is true, also an empty value."""
    return text.lower() not in ("0", "false", "no", "off")


def _inexact(column: sa.ColumnElement[Any], how: str, value: str, key: str) -> sa.ColumnElement[bool]:
    """Without LIKE, whose case sensitivity differs between databases."""
    if how in ("icontains", "istartswith", "iendswith"):
        column, value, how = sa.func.lower(column), value.lower(), how[1:]
    if not value:
        return sa.true()
    if how == "contains":
        return sa.func.replace(column, value, "") != column
    if how == "startswith":
        return sa.func.substr(column, 1, len(value)) == value
    if how == "endswith":
        length = sa.func.length(column)
        return sa.and_(length >= len(value), sa.func.substr(column, length - len(value) + 1) == value)
    raise Invalid(key, "it ends in none of contains, startswith, endswith, icontains, istartswith, iendswith")


def page(request: Request, selection: Selection[R]) -> tuple[list[R], dict[str, Any]]:
    """The rows for `limit` and `marker` of the query (all without a limit), and the list's links."""
    limit, marker_id = _limit(request), request.params.get("marker", [None])[-1]
    marker = None
    if marker_id:
        marker = selection.find(marker_id)
        if marker is None:
            raise MarkerNotFound(f"Marker {marker_id[:255]} could not be found.")
    rows = selection.fetch(marker, min(limit or LARGEST_PAGE, LARGEST_PAGE))
    while limit is None and rows and len(rows) % LARGEST_PAGE == 0:
        more = selection.fetch(rows[-1], LARGEST_PAGE)
        if not more:
            break
        rows += more
    following = None
    if limit is not None and len(rows) == min(limit, LARGEST_PAGE):
        kept = [(name, value) for name, values in request.params.items() if name != "marker" for value in values]
        following = f"{request.base_url}{request.url_path}?{urlencode([*kept, ('marker', rows[-1]['id'])])}"
    return rows, links(request, following)


def links(request: Request, following: str | None = None) -> dict[str, Any]:
    """The links of a list: itself, and the next page if there may be one."""
    query = urlencode([(name, value) for name, values in request.params.items() for value in values])
    itself = f"{request.base_url}{request.url_path}" + (f"?{query}" if query else "")
    return {"self": itself, "previous": None, "next": following}


def _limit(request: Request) -> int | None:
    text = request.params.get("limit", [""])[-1]
    if not text:
        return None
    if not text.isdecimal() or not int(text[:9]) > 0:
        raise Invalid("limit", "it is a number above 0")
    return int(text[:9])


def given(body: msgspec.Struct, leave: Sequence[str] = ()) -> dict[str, Any]:
    """The fields that a client sent, as they are called here."""
    return {
        name: value
        for name in body.__struct_fields__
        if name not in leave and (value := getattr(body, name)) is not msgspec.UNSET
    }
