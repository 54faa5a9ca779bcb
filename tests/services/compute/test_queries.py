"""Query parameters that a version does not know, on every route of compute that declares a query."""

from typing import Any

import pytest

from kumoi import app
from kumoi.kernel import versions
from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import LARGEST_PAGE, full
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Route
from kumoi.services.compute.flavors.models import flavors
from kumoi.services.compute.hosts.models import hosts
from tests.services.compute.world import World

SERVICE = next(service for service in app.load_services() if service.type == "compute")
DECLARED = [route for route in SERVICE.each() if route.query not in (None, Nothing)]
NEWEST = [route for route in DECLARED if route.versions is None or route.versions.last is None]
REFUSES = {
    "GET /flavors", "GET /flavors/detail", "GET /limits", "GET /os-hypervisors", "GET /os-hypervisors/detail",
    "GET /os-hypervisors/{hypervisor_id}", "GET /os-keypairs", "GET /os-migrations",
    "GET /os-keypairs/{name}", "DELETE /os-keypairs/{name}",
    "GET /os-quota-sets/{project_id}", "GET /os-quota-sets/{project_id}/detail", "PUT /os-quota-sets/{project_id}",
    "DELETE /os-quota-sets/{project_id}", "GET /os-server-groups", "GET /os-services",
    "GET /os-simple-tenant-usage", "GET /os-simple-tenant-usage/{project_id}", "GET /servers", "GET /servers/detail",
    "GET /servers/{server_id}/os-instance-actions", "GET /servers/{server_id}/os-volume_attachments",
}  # fmt: skip
"""Routes whose query Nova closes, in 2.75 at the latest."""


def told(cloud: Any, route: Route, version: str) -> Any:
    path = route.path.format(server_id="s", name="n", hypervisor_id="1", project_id="p")
    return cloud.call(route.method, f"{SERVICE.prefix}{path}", as_="admin", version=version, params={"bogus": "1"})


def test_these_declare_their_query() -> None:
    assert {f"{route.method} {route.path}" for route in NEWEST} == REFUSES


@pytest.mark.parametrize("route", NEWEST, ids=[f"{route.method} {route.path}" for route in NEWEST])
def test_an_unknown_parameter(cloud: Any, route: Route) -> None:
    refused = told(cloud, route, "2.75")
    assert refused.status_code == 400 and "query parameters bogus" in refused.text
    closed = route.closed_query.first if route.closed_query else (2, 75)
    before = told(cloud, route, versions.text((2, closed[1] - 1)))
    assert "bogus" not in before.text


def test_one_that_a_version_does_not_have_yet(cloud: Any) -> None:
    path = f"{SERVICE.prefix}/servers/s/os-instance-actions"
    refused = cloud.get(path, version="2.65", params={"changes-before": "2030-01-01T00:00:00"})
    assert refused.status_code == 400 and "changes-before" in refused.text
    assert cloud.get(path, version="2.66", params={"changes-before": "2030-01-01T00:00:00"}).status_code == 404


@pytest.mark.parametrize(
    "path, table, own", [("/flavors", flavors, ("flavorid",)), ("/os-hypervisors", hosts, ("number",))]
)
@pytest.mark.parametrize("query", ["", "?limit=5000"])
def test_a_page_is_cut_where_pages_end_and_says_so(
    world: World, path: str, table: Any, own: tuple[str, ...], query: str
) -> None:
    def many(tx: Transaction) -> None:
        (first, *_) = tx.rows(table)
        numbers = [1000 + number for number in range(LARGEST_PAGE)]
        unique = [
            {name: number if isinstance(first[name], int) else f"{number}" for name in (*own, "id")}
            for number in numbers
        ]
        tx.insert_many(table, [{**first, "name": f"copy {each['id']}", **each} for each in unique])

    world.cloud.database.write(many)
    every = world.cloud.database.read(lambda tx: len(tx.rows(table)))
    kind, seen, at = path.removeprefix("/os-").strip("/"), 0, f"{SERVICE.prefix}{path}{query}"
    while at:
        page = world.cloud.get(at, as_="admin", version="2.96").json
        seen += len(page[kind])
        links = page.get(f"{kind}_links", [])
        at = links[0]["href"].partition("http://falconframework.org")[2] if links else ""
    assert seen == every > LARGEST_PAGE


@pytest.mark.parametrize(
    "length, limit, more",
    [(0, None, False), (0, 0, False), (2, 3, False), (3, 3, True), (3, None, False), (LARGEST_PAGE, None, True),
     (LARGEST_PAGE, LARGEST_PAGE + 1, True), (LARGEST_PAGE - 1, LARGEST_PAGE + 1, False)],
)  # fmt: skip
def test_when_a_page_is_full(length: int, limit: int | None, more: bool) -> None:
    assert full([None] * length, limit) is more
