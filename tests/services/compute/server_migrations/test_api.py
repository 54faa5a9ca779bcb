"""Migrations as admins read them: the records of resizes."""

from typing import Any

import pytest

from tests.cloud import PROJECT
from tests.services.compute.world import LATEST, SERVERS, World

MIGRATIONS = "/compute/v2.1/os-migrations"


def resized(world: World, name: str = "one") -> str:
    server_id = world.boot(name, flavorRef="1")
    assert world.act(server_id, "resize", {"flavorRef": "2"}).status_code == 202
    world.cloud.settle()
    return server_id


def listed(world: World, version: str = LATEST, **query: str) -> list[dict[str, Any]]:
    found = world.cloud.get(MIGRATIONS, as_="admin", version=version, params=query)
    assert found.status_code == 200, found.text
    return list(found.json["migrations"])


def test_a_resize_is_listed(world: World) -> None:
    server_id = resized(world)
    (one,) = listed(world)
    assert (one["instance_uuid"], one["status"], one["migration_type"]) == (server_id, "finished", "resize")
    assert (one["source_compute"], one["dest_compute"], one["project_id"]) == ("host-1", "host-1", PROJECT)
    assert one["old_instance_type_id"] != one["new_instance_type_id"]
    first, typed, named, last = (set(listed(world, version)[0]) for version in ("2.22", "2.23", "2.59", "2.80"))
    assert (typed - first, named - typed, last - named) == ({"migration_type"}, {"uuid"}, {"user_id", "project_id"})
    assert world.cloud.get(MIGRATIONS).status_code == 403
    path = f"{SERVERS}/{server_id}/migrations"
    assert world.cloud.get(path, as_="admin", version="2.23").json == {"migrations": []}, "live migrations only"
    assert world.cloud.get(f"{path}/{one['id']}", as_="admin", version="2.23").status_code == 404
    assert world.cloud.get(path, as_="admin", version="2.22").status_code == 404


def test_filters_and_pages(world: World) -> None:
    first, second = resized(world), resized(world, "two")
    newest, oldest = listed(world)
    assert [newest["instance_uuid"], oldest["instance_uuid"]] == [second, first]
    for query, number in (
        ({"instance_uuid": first}, 1), ({"status": "finished"}, 2), ({"status": "x"}, 0), ({"host": "host-1"}, 2),
        ({"host": "x"}, 0), ({"migration_type": "resize"}, 2), ({"source_compute": "x"}, 0), ({"project_id": "x"}, 0),
        ({"changes-since": "2999-01-01T00:00:00Z"}, 0), ({"changes-before": "2999-01-01T00:00:00Z"}, 2),
    ):  # fmt: skip
        assert len(listed(world, **query)) == number, query
    page = world.cloud.get(f"{MIGRATIONS}?limit=1", as_="admin", version="2.59").json
    assert page["migrations"][0]["uuid"] == newest["uuid"] and "marker=" in page["migrations_links"][0]["href"]
    assert [one["uuid"] for one in listed(world, "2.59", limit="1", marker=newest["uuid"])] == [oldest["uuid"]]


@pytest.mark.parametrize(
    "query",
    [
        "marker=x", "changes-since=x", "changes-before=x",
        "changes-since=2027-01-01T00:00:00Z&changes-before=2026-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_what_is_refused(cloud: Any, query: str) -> None:
    assert cloud.get(f"{MIGRATIONS}?{query}", as_="admin", version=LATEST).status_code == 400
