"""Tries a deletion in a transaction that is undone, and reads in the feed of changes what it did (decision 28)."""

import functools
import re
from typing import Any

from kumoi.kernel import changes, references
from kumoi.kernel.changes import ChangeRow
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import ApiError, BadRequest, Forbidden, NotFound, PolicyForbids
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing, read_query
from kumoi.kernel.routes import Route, Service, declared
from kumoi.services.cloud.dependents.schemas import Dependent, ListBody, ListQuery, Refusal

MOST = 10_000
"""Changes of one deletion that are looked at."""


class _Undone(Exception):
    """Takes the transaction back, with what was found in it."""

    def __init__(self, refused: ApiError | None, done: list[ChangeRow], using: list[ChangeRow]) -> None:
        super().__init__()
        self.refused, self.done, self.using = refused, done, using


def of(request: Request, query: ListQuery) -> ListBody:
    """NotFound if there is no such resource, PolicyForbids if the caller's roles do not allow to delete it."""
    service, route, named = _deletion(query.resource)
    if not route.policy.allows(request.who):
        raise PolicyForbids(route.name)
    try:
        request.database.write(functools.partial(_attempt, request, query, service, route, named), durable=False)
    except _Undone as undone:
        if isinstance(undone.refused, NotFound):
            raise NotFound(undone.refused.message) from None
        return _body(request, query, undone)
    raise AssertionError("the deletion was not undone")


def _attempt(
    request: Request, query: ListQuery, service: Service, route: Route, named: str, tx: Transaction
) -> None:  # fmt: skip
    using = references.referring(tx, query.resource, query.id, query.limit + 1)
    asked = request.as_if(service, route, tx)
    tx.declared_quota = route.quota
    arguments: dict[str, Any] = {named: query.id}
    if route.query is not None and route.query is not Nothing:
        arguments["query"] = read_query({}, route.query, asked.version)
    try:
        done = changes.of_transaction(tx, lambda: route.handler(asked, **arguments), MOST)
    except ApiError as error:
        # Nor may strangers count what hangs on it, if they see it.
        raise _Undone(error, [], [] if isinstance(error, Forbidden) else using) from None
    raise _Undone(None, done, using)


def _body(request: Request, query: ListQuery, undone: _Undone) -> ListBody:
    found: dict[tuple[str, str, str], str] = {}
    rows = [("uses", row) for row in undone.using]
    rows += [("deleted" if row["gone"] else "changed", row) for row in undone.done]
    hidden = set()
    for effect, row in rows:
        key = (row["service"], row["resource"], row["key"])
        if key[1:] == (query.resource, query.id) or row["resource"] == "operation":
            continue
        if not changes.visible(request.who, row):
            hidden.add(key)
        elif found.get(key) != "deleted":
            found[key] = effect
    listed = [
        Dependent(service=service, resource=resource, id=id, effect=effect)
        for (service, resource, id), effect in sorted(found.items())
    ]
    refused = undone.refused
    return ListBody(
        refused=None if refused is None else Refusal(code=refused.status, message=refused.message),
        dependents=listed[: query.limit],
        hidden=len(hidden - found.keys()),
        more=len(listed) > query.limit or len(undone.done) == MOST,
    )


def _deletion(resource: str) -> tuple[Service, Route, str]:
    """The service, the route that deletes one, and the name of the id in its path."""
    found = _deletions().get(resource)
    if found is None:
        raise BadRequest(f"Invalid input for query parameter resource: it is one of {', '.join(sorted(_deletions()))}.")
    return found


@functools.cache
def _deletions() -> dict[str, tuple[Service, Route, str]]:
    """By resource, as the feed of changes names them."""
    exact: dict[str, tuple[Service, Route, str]] = {}
    short: dict[str, tuple[Service, Route, str]] = {}
    for service in declared.values():
        kinds = {one.resource for one in changes.watched().values() if one.service == service.type}
        newest = service.microversions.maximum if service.microversions else None
        for route in service.each():
            names = re.findall(r"\{(\w+)\}", route.path)
            plain = route.method == "DELETE" and route.mode == "write" and route.before is None
            there = route.versions is None or newest is None or newest in route.versions
            if not (plain and there and len(names) == 1 and route.path.endswith("}")):
                continue
            # `/os-keypairs/{name}`, `/types/{type_id}`
            collection = route.path.rpartition("/")[0].rpartition("/")[2].removeprefix("os-").replace("-", "_")
            words = {changes.singular(collection), re.sub(r"_(id|name)$", "", names[0])}
            for resource in kinds:
                last = resource.rpartition("_")[2]
                if any(word.replace("_", "") == resource.replace("_", "") for word in words):
                    exact[resource] = service, route, names[0]
                elif last in words and last not in kinds:
                    short[resource] = service, route, names[0]
    return {**short, **exact}
