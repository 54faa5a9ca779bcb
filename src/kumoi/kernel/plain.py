"""Plain resources: the five routes to list, create, show, update and delete rows, made from the rows
(`kernel/rows.py`), the schemas and the resource's own functions (`values`, `changes`). The options cover the common
shapes of OpenStack's APIs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, get_args

import msgspec

from kumoi.kernel import policy, quotas
from kumoi.kernel.database import R, Transaction
from kumoi.kernel.http import Request
from kumoi.kernel.policy import Policy
from kumoi.kernel.quotas import Quota
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.rows import ListQuery, ProjectRows, SharedRows, set_fields
from kumoi.kernel.versions import Span
from kumoi.kernel.who import Who

_READER, _MEMBER, _ADMIN = policy.reader(), policy.member(), policy.admin()


@dataclass(frozen=True, kw_only=True)
class Policies:
    """The policies of the five routes."""

    list: Policy = _READER
    show: Policy = _READER
    create: Policy = _MEMBER
    update: Policy = _MEMBER
    delete: Policy = _MEMBER


ADMIN_CHANGES = Policies(create=_ADMIN, update=_ADMIN, delete=_ADMIN)
ADMIN_ONLY = Policies(list=_ADMIN, show=_ADMIN, create=_ADMIN, update=_ADMIN, delete=_ADMIN)


@dataclass(frozen=True, kw_only=True)
class Statuses:
    """The statuses of the routes. An update with 204 has no body."""

    create: int = 201
    update: int = 200
    delete: int = 204


@dataclass(frozen=True)
class View(Generic[R]):
    """The shape of a row in a reply, and the function that makes it. `shown` also gets the absolute URL of the row."""

    reply: type[msgspec.Struct]
    shown: Callable[[R, str], msgspec.Struct]


class Link(msgspec.Struct):
    rel: str
    href: str


class PageLinks(msgspec.Struct, kw_only=True):
    self: str
    next: str | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of a list, as a `Footer` sees it."""

    request: Request
    query: Any
    size: int
    last: str | None
    """The key of the last row, if another page may follow."""
    total: Callable[[], int]
    """The number of rows on all pages."""

    @property
    def next(self) -> str | msgspec.UnsetType:
        """The absolute URL of the next page, with an offset if the query has one."""
        if self.last is None:
            return msgspec.UNSET
        if hasattr(self.query, "offset"):
            return self.request.link_again(offset=str(self.query.offset + self.size), limit=str(self.size))
        return self.request.link_after(self.last)


@dataclass(frozen=True)
class Footer:
    """Fields of a list's body besides its rows. In names, `{many}` is replaced by the plural of the resource. A field
    whose type has `UnsetType` may be absent."""

    fields: Mapping[str, Any]
    filled: Callable[[Page], Mapping[str, Any]]

    def __or__(self, other: "Footer") -> "Footer":
        return Footer({**self.fields, **other.fields}, lambda page: {**self.filled(page), **other.filled(page)})


def _links_of_many(page: Page) -> Mapping[str, Any]:
    return {"{many}_links": msgspec.UNSET if page.next is msgspec.UNSET else [Link("next", str(page.next))]}


LINKS_OF_MANY = Footer({"{many}_links": list[Link] | msgspec.UnsetType}, _links_of_many)
"""`"secrets_links": [{"rel": "next", "href": …}]`."""
NEXT = Footer({"next": str | msgspec.UnsetType}, lambda page: {"next": page.next})
"""`"next": "http://…"`."""
LINKS = Footer({"links": PageLinks}, lambda page: {"links": PageLinks(self=page.request.link_again(), next=page.next)})
"""`"links": {"self": "http://…", "next": "http://…"}`."""
TOTAL = Footer({"total": int}, lambda page: {"total": page.total()})
"""`"total": 17`: how many rows all pages have."""


def nothing_inherited(row: Mapping[str, Any], asked: Any) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Parent(Generic[R]):
    """The parent of a nested resource. `column` contains the parent's key in the nested rows, and is its name in the
    path: `/zones/{zone_id}/recordsets`. A caller who may see or change the parent may see or change the nested rows."""

    rows: ProjectRows[R] | SharedRows[R]
    column: str
    inherited: Callable[[R, Any], Mapping[str, Any]] = nothing_inherited
    """(parent's row, body) → columns of a new row that depend on the parent. It refuses bodies that do not fit the
    parent."""

    def row(self, tx: Transaction, who: Who, of: Mapping[str, str], rule: str | None = None) -> R:
        """The parent in the path. With a `rule`: for changing the nested rows."""
        key = of[self.column]
        return self.rows.visible(tx, who, key) if rule is None else self.rows.own(tx, who, key, rule)


def as_sent(tx: Transaction, who: Who, asked: Any) -> Mapping[str, Any]:
    """The columns of a new row are the fields of the body."""
    return set_fields(asked)


def as_changed(tx: Transaction, who: Who, row: Mapping[str, Any], asked: Any) -> Mapping[str, Any]:
    """The columns that change are the fields of the body that were sent."""
    return set_fields(asked)


def routes(
    rows: ProjectRows[R] | SharedRows[R],
    one: str,
    many: str,
    *,
    view: View[R],
    create: type[msgspec.Struct] | None = None,
    update: Any = None,
    query: type[ListQuery] = ListQuery,
    created: View[R] | None = None,
    listed: View[R] | None = None,
    values: Callable[[Transaction, Who, Any], Mapping[str, Any]] = as_sent,
    changes: Callable[[Transaction, Who, R, Any], Mapping[str, Any]] = as_changed,
    prepare: Callable[[Request, Any], Mapping[str, Any]] | None = None,
    quota: Quota | None = None,
    parent: Parent[Any] | None = None,
    path: str | None = None,
    method: Literal["PUT", "PATCH"] = "PUT",
    bare: bool = False,
    footer: Footer = LINKS_OF_MANY,
    policies: Policies = Policies(),
    statuses: Statuses = Statuses(),
    location: bool = False,
    versions: Span | None = None,
    errors: tuple[int, ...] = (),
) -> Routes:
    """List, create, show, update and delete below `path` (`/{many}`). Bodies are in envelopes, `{one: …}`, unless
    `bare`; a list is `{many: […]}` with the fields of `footer`.

    `view` shows a row; `created` and `listed` are for new rows and rows of lists, if these look different. `values(tx,
    who, body)` returns a new row's columns, `changes(tx, who, row, body)` the changed ones. Checks belong there, and
    `errors` lists the statuses of their errors. Without `create` or `update` there is no such route. In `update`
    optional fields default to UNSET. `prepare(request, body)` returns columns of a new row that need more than the
    transaction, such as the keys that seal a secret; it runs before the transaction. `location`: the reply to a create
    has the row's URL in its `Location` header.
    """
    made = Routes()
    path = path or f"/{many}"
    named = f"{one}_id"
    created, listed = created or view, listed or view
    title = "".join(word.title() for word in one.split("_"))

    def struct(suffix: str, fields: Mapping[str, Any]) -> Any:
        absent = {name for name, kind in fields.items() if msgspec.UnsetType in get_args(kind)}
        spelled: list[Any] = [(n, kind, msgspec.UNSET) if n in absent else (n, kind) for n, kind in fields.items()]
        return msgspec.defstruct(f"{title}{suffix}", spelled, kw_only=True, module=view.reply.__module__)

    def enveloped(kind: Any, suffix: str) -> Any:
        return kind if bare else struct(suffix, {one: kind})

    spelled = {name: name.format(many=many) for name in footer.fields}
    footed = {spelled[name]: kind for name, kind in footer.fields.items()}
    many_body = struct("ListBody", {many: list.__class_getitem__(listed.reply), **footed})
    one_body = enveloped(view.reply, "Body")
    created_body = one_body if created is view else enveloped(created.reply, "CreatedBody")

    def handler(function: Any, name: str) -> Any:
        # A route is called after the resource's folder and its handler.
        function.__name__, function.__module__ = name, view.reply.__module__
        return function

    def body_of(body: Any) -> Any:
        return body if bare else getattr(body, one)

    def reply(view: View[R], kind: Any, row: R, url: str) -> Any:
        shown = view.shown(row, url)
        return shown if bare else kind(**{one: shown})

    def collection(request: Request, of: Mapping[str, str]) -> str:
        return request.link(path.format_map(of))

    def within(of: Mapping[str, str]) -> dict[str, str]:
        return {} if parent is None else {parent.column: of[parent.column]}

    def index(request: Request, query: Any, **of: str) -> Any:
        tx, who = request.tx, request.who
        if parent is not None:
            parent.row(tx, who, of)
        owner_id, inside, base = rows.listed(who) if parent is None else None, within(of), collection(request, of)
        found, more = rows.page(tx, owner_id, query, within=inside)
        page = Page(
            request=request, query=query, size=len(found), last=found[-1][rows.key] if more else None,
            total=lambda: rows.total(tx, owner_id, query, inside),
        )  # fmt: skip
        shown = [listed.shown(row, f"{base}/{row[rows.key]}") for row in found]
        return many_body(**{many: shown, **{spelled[name]: value for name, value in footer.filled(page).items()}})

    def make(request: Request, body: Any, prepared: Mapping[str, Any] | None = None, **of: str) -> Any:
        tx, who = request.tx, request.who
        given: dict[str, Any] = {}
        if parent is None:
            owner_id = rows.maker(who, one)
        else:
            above = parent.row(tx, who, of, f"create_{one}")
            owner_id = None if parent.rows.owner is None else above[parent.rows.owner]
            given = {**within(of), **parent.inherited(above, body_of(body))}
        given |= {**values(tx, who, body_of(body)), **(prepared or {})}
        if quota is not None and owner_id is not None:
            quotas.take(tx, quota.service, owner_id, {quota.resource: 1})
        row = rows.insert(tx, owner_id, **given)
        url = f"{collection(request, of)}/{row[rows.key]}"
        return Reply(reply(created, created_body, row, url), headers={"Location": url} if location else {})

    def show(request: Request, **of: str) -> Any:
        if parent is not None:
            parent.row(request.tx, request.who, of)
        row = rows.visible(request.tx, request.who, of[named], **within(of))
        return reply(view, one_body, row, f"{collection(request, of)}/{of[named]}")

    def own(request: Request, of: Mapping[str, str], rule: str) -> R:
        if parent is not None:
            parent.row(request.tx, request.who, of, rule)
        return rows.own(request.tx, request.who, of[named], rule, **within(of))

    def change(request: Request, body: Any, **of: str) -> Any:
        row = own(request, of, f"update_{one}")
        row = rows.update(request.tx, row, **changes(request.tx, request.who, row, body_of(body)))
        if statuses.update == 204:
            return Reply()
        return reply(view, one_body, row, f"{collection(request, of)}/{row[rows.key]}")

    def delete(request: Request, **of: str) -> Reply:
        rows.remove(request.tx, own(request, of, f"delete_{one}"))
        return Reply()

    takes = () if quota is None else (quota.resource,)
    single = f"{path}/{{{named}}}"
    made.get(path, policy=policies.list, query=query, reply=many_body, versions=versions)(handler(index, "index"))

    def before(request: Request, body: Any, **_: str) -> Mapping[str, Any]:
        assert prepare is not None
        return prepare(request, body_of(body))

    if create is not None:
        made.post(
            path, policy=policies.create, body=enveloped(create, "CreateBody"), reply=created_body, quota=takes,
            status=statuses.create, versions=versions, errors=errors, before=before if prepare is not None else None,
        )(handler(make, "create"))  # fmt: skip
    made.get(single, policy=policies.show, reply=one_body, versions=versions)(handler(show, "show"))
    if update is not None:
        put = made.put if method == "PUT" else made.patch
        put(
            single, policy=policies.update, body=enveloped(update, "UpdateBody"), status=statuses.update,
            reply=None if statuses.update == 204 else one_body, versions=versions, errors=errors,
        )(handler(change, "update"))  # fmt: skip
    made.delete(single, policy=policies.delete, status=statuses.delete, versions=versions, errors=errors)(
        handler(delete, "delete")
    )
    return made
