"""tests/replies.py refuses one wrong reply of each kind."""

import pickle
from typing import Any

import msgspec
import pytest

from kumoi import app
from kumoi.kernel.routes import Route, Service
from tests.replies import Asked, Undeclared, check

SERVICES = {service.type: service for service in app.load_services()}
PROVIDER = {"uuid": "u", "name": "n", "generation": 1, "links": [{"rel": "self", "href": "/x"}]}
TREE = {"parent_provider_uuid": None, "root_provider_uuid": "u"}
LOST = {"errors": [{"status": 404, "title": "t", "detail": "d", "request_id": "r", "code": "c"}]}
SHOW = ("placement", "resource_providers.show")


def found(service: str, name: str) -> tuple[Service, Route]:
    return SERVICES[service], next(route for route in SERVICES[service].each() if route.name == name)


def reply(
    where: tuple[str, str], body: Any, status: int = 200, version: tuple[int, int] | None = (1, 39), query: str = "",
    content_type: str = "application/json", method: str = "GET",
) -> None:  # fmt: skip
    service, route = found(*where)
    content = b"" if body is None else msgspec.json.encode(body)
    asked = Asked(method, "/x", query, (service, route, version))
    check(None, asked, status, {"Content-Type": content_type}, content)  # type: ignore[arg-type]


def test_the_error_goes_from_process_to_process() -> None:
    """`make fuzz` plays in a pool, which waits for ever for an error that it cannot read."""
    error = Undeclared("GET /x", "servers.show declares no body", b"{}")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "GET /x: servers.show declares no body: b'{}'"
    assert again.what == error.what


def test_what_is_declared_passes() -> None:
    reply(SHOW, {**PROVIDER, **TREE})
    reply(SHOW, PROVIDER, version=(1, 13))
    reply(SHOW, LOST, status=404)
    reply(SHOW, None, method="HEAD")
    reply(("placement", "resource_providers.delete"), None, status=204)


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("unknown field `stray`", {"body": {**PROVIDER, **TREE, "stray": 1}}),
        ("unknown field `stray`", {"body": {**PROVIDER, **TREE, "links": [{"rel": "r", "href": "h", "stray": 1}]}}),
        ("unknown field `parent_provider_uuid`", {"body": {**PROVIDER, **TREE}, "version": (1, 13)}),
        ("missing required field `parent_provider_uuid`", {"body": PROVIDER}),
        ("Expected `int`, got `str`", {"body": {**PROVIDER, **TREE, "generation": "1"}}),
        ("declares a body", {"body": None}),
        ("instead of JSON", {"body": {**PROVIDER, **TREE}, "content_type": "text/plain"}),
        ("declares the statuses", {"body": {**PROVIDER, **TREE}, "status": 202}),
        ("declares the statuses", {"body": LOST, "status": 409}),
        ("has not the shape", {"body": {"errors": []}, "status": 404}),
        ("has not the shape", {"body": {"itemNotFound": {"code": 404, "message": "m"}}, "status": 404}),
    ],
)
def test_what_is_not_declared_is_refused(what: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Undeclared, match=what):
        reply(SHOW, **wrong)


def test_a_body_where_none_is_declared() -> None:
    with pytest.raises(Undeclared, match="declares no body"):
        reply(("placement", "allocations.delete"), {}, status=204)


def test_a_thing_is_shown_in_part_to_those_only_who_name_fields() -> None:
    reply(("network", "networks.show"), {"network": {"id": "n"}}, version=None, query="fields=id")
    with pytest.raises(Undeclared, match="missing required field"):
        reply(("network", "networks.show"), {"network": {"id": "n"}}, version=None)


def test_what_keeps_more_shows_what_was_sent_and_nothing_else(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kumoi.services.identity.catalog import schemas

    made = cloud.post("/identity/v3/regions", as_="admin", json={"region": {"id": "r", 'my "own" é': "x"}})
    assert made.json["region"]['my "own" é'] == "x"
    region = schemas.region
    monkeypatch.setattr(schemas, "region", lambda *row, **more: {**region(*row, **more), "stray": 1})
    with pytest.raises(Undeclared, match="`stray` is not declared, and nobody sent it"):
        cloud.put("/identity/v3/regions/s", as_="admin", json={"region": {"description": "d"}})


def test_an_undeclared_field_fails_the_test_that_asks(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kumoi.services.network.routers import schemas

    router = schemas.router
    assert cloud.post("/network/v2.0/routers", json={"router": {}}).status_code == 201
    monkeypatch.setattr(schemas, "router", lambda *row, **more: {**router(*row, **more), "stray": 1})
    with pytest.raises(Undeclared, match="unknown field `stray`"):
        cloud.get("/network/v2.0/routers")
