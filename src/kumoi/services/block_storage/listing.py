"""Common parts of block storage's lists: pages, order, projects, and filters that need parsing."""

import ast
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
import sqlalchemy as sa

from kumoi.kernel import pagination, patterns
from kumoi.kernel.bodies import distinct
from kumoi.kernel.clock import parse_iso
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.pagination import LARGEST_PAGE, Limit
from kumoi.kernel.queries import FlagText
from kumoi.kernel.versions import since
from kumoi.kernel.who import Who
from kumoi.services.block_storage.errors import InvalidInput

_TRUE, _FALSE = frozenset({"1", "t", "true", "on", "y", "yes"}), frozenset({"0", "f", "false", "off", "n", "no", ""})
MOST = 128
"""Conditions in one parameter."""
Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]


class Page(msgspec.Struct, kw_only=True):
    """The query parameters of every list."""

    limit: Limit | None = None
    marker: str | None = None
    offset: Limit | None = None
    sort: str | None = None
    sort_key: str | None = None
    sort_dir: str | None = None
    all_tenants: FlagText | None = None
    project_id: str | None = None
    with_count: Annotated[FlagText | None, since("3.45")] = None

    @property
    def length(self) -> int:
        return min(LARGEST_PAGE, LARGEST_PAGE if self.limit is None else self.limit)

    @property
    def counted(self) -> bool:
        return truth(self.with_count, "with_count", False)


class NamedPage(Page, kw_only=True):
    """The filters that volumes and snapshots share."""

    id: str | None = None
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    status: str | None = None
    user_id: str | None = None
    availability_zone: str | None = None
    consumes_quota: Annotated[FlagText | None, since("3.65")] = None
    name_like: Annotated[str | None, since("3.31")] = msgspec.field(default=None, name="name~")
    description_like: Annotated[str | None, since("3.31")] = msgspec.field(default=None, name="description~")
    status_like: Annotated[str | None, since("3.31")] = msgspec.field(default=None, name="status~")


class Link(msgspec.Struct):
    rel: str
    href: str


def truth(text: str | None, name: str, default: bool) -> bool:
    """Parse a boolean in a query; BadRequest if it is neither true nor false."""
    if text is None:
        return default
    said = text.strip().lower()
    if said not in _TRUE | _FALSE:
        raise InvalidInput(f"{name}: '{text[:50]}' is neither true nor false.")
    return said in _TRUE


def whose(column: Column, who: Who, query: Page) -> list[Condition]:
    """The caller's project; for an admin who asks for it, every project or a given one."""
    everybody = truth(query.all_tenants, "all_tenants", False) and who.sees(None)
    if everybody:
        return [column == query.project_id] if query.project_id else []
    if who.project_id is None and who.sees(None):
        return [column == query.project_id] if query.project_id else []
    return [column == (who.project_id or "")]


def matching(table: sa.Table, who: Who, query: NamedPage, equal: Mapping[str, Column]) -> list[Condition]:
    """Conditions of the project, of the parameters in `equal` (parameter → column), and of `name~` and the like."""
    found = whose(table.c.project_id, who, query)
    for name, column in equal.items():
        if (value := getattr(query, name)) is not None:
            found.append(column == value)
    for column in (table.c.name, table.c.description, table.c.status):
        if (part := getattr(query, f"{column.name}_like")) is not None:
            found.append(patterns.contains(column, part, ignore_case=True))
    if not truth(query.consumes_quota, "consumes_quota", True):
        found.append(sa.false())
    return found


def order(table: sa.Table, query: Page, allowed: Mapping[str, str]) -> list[tuple[Column, str]]:
    """From `sort=key:dir,…`, or from sort_key and sort_dir; otherwise newest first."""
    if query.sort:
        parts = [part.partition(":") for part in query.sort.split(",")]
        keys, ways = [key.strip() for key, _, _ in parts], [way.strip() or "desc" for _, _, way in parts]
        if query.sort_key or query.sort_dir:
            raise BadRequest("The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with 'sort'.")
    else:
        keys = [key.strip() for key in (query.sort_key or "").split(",") if key.strip()]
        ways = [way.strip() for way in (query.sort_dir or "").split(",") if way.strip()]
    return pagination.sorting(table, keys, ways, allowed=dict(allowed))


def pairs(column: Column, text: str, name: str) -> list[Condition]:
    """Rows whose JSON object contains all of these. `text` is a JSON or a Python dictionary of texts."""
    try:
        wanted = msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeError):
        try:
            wanted = msgspec.convert(ast.literal_eval(text), dict[str, str])
        except (ValueError, SyntaxError, MemoryError, RecursionError, msgspec.ValidationError):
            raise InvalidInput(f"{name}: '{text[:100]}' is not a dictionary of texts.") from None
    if len(wanted) > MOST:
        raise InvalidInput(f"{name}: it has {len(wanted)} pairs; at most {MOST} are taken.")
    return [sa.false() if '"' in key else column[key].as_string() == value for key, value in wanted.items()]


_COMPARISONS = ("gt", "gte", "eq", "neq", "lt", "lte")


def instants(column: Column, text: str, name: str) -> list[Condition]:
    """From `gt:2026-01-01T00:00:00,lte:…`. Without an operator: equal."""
    found: list[Condition] = []
    for part in distinct(text.split(","), name, MOST):
        how, colon, moment = part.partition(":")
        if how not in _COMPARISONS or not colon:
            how, moment = "eq", part
        try:
            at = parse_iso(moment.strip())
        except (ValueError, OverflowError):
            raise InvalidInput(f"{name}: '{moment[:50]}' is not a time.") from None
        found.append(
            {
                "gt": column > at, "gte": column >= at, "eq": column == at, "neq": column != at, "lt": column < at,
                "lte": column <= at,
            }[how]
        )  # fmt: skip
    return found


def refuse_unknown(request: Request, kind: type[msgspec.Struct]) -> None:
    """From 3.31 on an unknown filter is an error. Before, it was ignored."""
    if not request.behaves("unknown filters are refused"):
        return
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    strange = sorted(set(request.params) - known)
    if strange:
        raise InvalidInput(f"Invalid filters {', '.join(name[:50] for name in strange)} are found in query options.")


def next_links(request: Request, query: Page, rows: Sequence[Mapping[str, Any]]) -> list[Link] | msgspec.UnsetType:
    """The page after this one, when this one is full."""
    if not rows or len(rows) < query.length:
        return msgspec.UNSET
    again = [(key, value) for key, values in request.params.items() for value in values]
    kept = [(key, value) for key, value in again if key not in ("marker", "offset", "limit")]
    text = urlencode([*kept, ("limit", str(query.length)), ("marker", rows[-1]["id"])])
    return [Link("next", f"{request.base_url}{request.url_path}?{text}")]


def self_links(request: Request, path: str) -> list[Link]:
    """Links to one resource: with the version in its address, and without."""
    return [
        Link("self", request.link(path)), Link("bookmark", f"{request.base_url}{request.service.root}{path}"),
    ]  # fmt: skip
