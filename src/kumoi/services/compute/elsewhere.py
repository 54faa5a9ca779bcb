"""Asks the route of another service for the same caller, for the routes by which old versions of compute passed requests on.

The other service is found by its declaration, so that its own checks, quotas and errors hold.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from kumoi.kernel.bodies import decode_body
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing, read_query
from kumoi.kernel.routes import Reply, Route, Service, declared


@cache
def route_of(service_type: str, method: str, path: str) -> tuple[Service, Route]:
    """The route of the newest version."""
    service = declared[service_type]
    newest = service.microversions.maximum if service.microversions else None
    found = [route for route in service.each() if (route.method, route.path) == (method, path)]
    (route,) = (each for each in found if each.versions is None or newest is None or newest in each.versions)
    return service, route


def ask(
    request: Request, service_type: str, method: str, path: str, *, query: Mapping[str, str] | None = None,
    body: Any = None, content_type: str = "application/json", **of: str,
) -> Any:  # fmt: skip
    """The reply of `path`, whose parameters are in `of`, as JSON. In the request's transaction, if it has one."""
    service, route = route_of(service_type, method, path)
    if not route.policy.allows(request.who):
        raise PolicyForbids(route.name)
    assert route.before is None, "it would have to run outside the transaction"
    version = service.microversions.maximum if service.microversions else None
    arguments: dict[str, Any] = dict(of)
    params = {name: [value] for name, value in (query or {}).items()}
    if route.query is not None and route.query is not Nothing:
        arguments["query"] = read_query(params, route.query, version)
    if route.body is not None:
        decode = route.decode or service.decode or decode_body
        arguments["body"] = decode(content_type, msgspec.json.encode(body), route, version)

    def answer(tx: Transaction | None) -> Any:
        asked = request.as_if(service, route, tx)
        asked.params = params
        if tx is None:
            return route.handler(asked, **arguments)
        held, tx.declared_quota = tx.declared_quota, route.quota
        try:
            return route.handler(asked, **arguments)
        finally:
            tx.declared_quota = held

    if request.in_transaction:
        assert route.mode != "live", "a live route opens its own transactions"
        found = answer(request.tx)
    elif route.mode == "live":
        found = answer(None)
    else:
        found = request.database.read(answer)
    return msgspec.to_builtins(found.body if isinstance(found, Reply) else found)


def every(request: Request, service_type: str, path: str, name: str, **query: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        part = ask(request, service_type, "GET", path, query={"limit": "1000", **query, **page})[name]
        found += part
        if len(part) < 1000:
            return found
        page = {"marker": part[-1]["id"]}
