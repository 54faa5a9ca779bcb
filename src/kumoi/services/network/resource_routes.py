"""The routes that most resources of the network API share: list, create, show, update and delete."""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Protocol

from kumoi.kernel import policy
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Query
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, under
from kumoi.kernel.who import Who
from kumoi.services.network import bodies
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen_one, made, several


class Logic(Protocol):
    """The functions of a resource's logic.py that the routes call."""

    @property
    def LIST_QUERY(self) -> Query[Asked]: ...

    def index(self, tx: Transaction, who: Who, asked: Asked, /) -> Sequence[Any]: ...

    def create(self, tx: Transaction, who: Who, asked: Any, /) -> Sequence[Any]: ...

    def show(self, tx: Transaction, who: Who, resource_id: str, /) -> Any: ...


class ChangingLogic(Logic, Protocol):
    def update(self, tx: Transaction, who: Who, resource_id: str, asked: Any, if_match: str | None, /) -> Any: ...

    def delete(self, tx: Transaction, who: Who, resource_id: str, if_match: str | None, /) -> None: ...


Shown = Callable[[Request, Any], dict[str, Any]]
"""The representation of a row for the caller."""


def all_routes(
    name: str,
    logic: ChangingLogic,
    schemas: ModuleType,
    reply: Any,
    shown: Shown,
    *,
    path: str | None = None,
    key: str | None = None,
    quota: Sequence[str] = (),
    before_list: Callable[[Database, Who], None] | None = None,
) -> Routes:
    """The five routes of a resource, with `schemas.CreateBody` and `schemas.UpdateBody`. See `reading_and_creating`."""
    path, key = path or f"/{name}s", key or f"{name}_id"
    routes = reading_and_creating(
        name, logic, schemas, reply, shown, path=path, key=key, quota=quota, before_list=before_list
    )

    def update(request: Request, body: Any, **of: str) -> dict[str, Any]:
        if_match = request.headers.get("if-match")
        return {name: shown(request, logic.update(request.tx, request.who, of[key], getattr(body, name), if_match))}

    def delete(request: Request, **of: str) -> None:
        logic.delete(request.tx, request.who, of[key], request.headers.get("if-match"))

    one = f"{path}/{{{key}}}"
    errors = (409, 412)
    routes.put(one, policy=policy.member(), body=schemas.UpdateBody, errors=errors, reply=under(name, reply))(
        _handler(update, schemas)
    )
    routes.delete(one, policy=policy.member(), errors=errors)(_handler(delete, schemas))
    return routes


def reading_and_creating(
    name: str,
    logic: Logic,
    schemas: ModuleType,
    reply: Any,
    shown: Shown,
    *,
    path: str,
    key: str,
    quota: Sequence[str] = (),
    before_list: Callable[[Database, Who], None] | None = None,
) -> Routes:
    """List, create and show. `name` and `{name}s` are the envelopes of one and of several. `key`: the parameter of the
    path. `before_list`: called before the list is read, outside its transaction."""
    routes = Routes()
    many = f"{name}s"

    def index(request: Request, query: Asked) -> dict[str, Any]:
        if before_list is None:
            rows = logic.index(request.tx, request.who, query)
        else:
            before_list(request.database, request.who)
            rows = request.database.read(lambda tx: logic.index(tx, request.who, query))
        return query.reply(request, many, [shown(request, row) for row in rows])

    def create(request: Request, body: Any) -> dict[str, Any]:
        several_asked = getattr(body, many)
        asked = bodies.each(getattr(body, name), several_asked, name)
        rows = logic.create(request.tx, request.who, asked)
        if several_asked is bodies.UNSET:
            return {name: shown(request, rows[0])}
        return {many: [shown(request, row) for row in rows]}

    def show(request: Request, query: Fields, **of: str) -> dict[str, Any]:
        row = logic.show(request.tx, request.who, of[key])
        return {name: chosen_one(query, shown(request, row))}

    routes.get(
        path,
        policy=policy.reader(),
        mode="read" if before_list is None else "live",
        query=logic.LIST_QUERY,
        reply=several(many, reply),
    )(_handler(index, schemas))
    routes.post(
        path, policy=policy.member(), body=schemas.CreateBody, quota=quota, errors=(409,), reply=made(name, reply)
    )(_handler(create, schemas))
    routes.get(f"{path}/{{{key}}}", policy=policy.reader(), query=FIELDS, reply=under(name, partial(reply)))(
        _handler(show, schemas)
    )
    return routes


def _handler(function: Any, schemas: ModuleType) -> Any:
    """A route's name consists of its resource's folder and its handler's name."""
    function.__module__ = schemas.__name__
    return function
