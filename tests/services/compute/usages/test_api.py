"""The usage of projects: what their servers took in a period, also after they are gone."""

from typing import Any

import pytest

from kumoi.kernel import clock
from kumoi.kernel.clock import SECOND
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.models import RETENTION, servers
from tests.cloud import OTHER_PROJECT, PROJECT
from tests.services.compute.world import LATEST, SERVERS, World

USAGES = "/compute/v2.1/os-simple-tenant-usage"
HOUR = 3600 * SECOND
DAY = 24 * HOUR


def shift(world: World, server_id: str, by: int, *columns: str) -> None:
    """Move instants of a server's row."""

    def move(tx: Any) -> None:
        row = tx.row(servers, id=server_id)
        tx.update(servers, {"id": server_id}, **{name: row[name] + by for name in columns})

    world.cloud.database.write(move)


def of_project(world: World, as_: str = "member", version: str = "2.1", **query: str) -> dict[str, Any]:
    shown = world.cloud.get(f"{USAGES}/{PROJECT}", as_=as_, version=version, params=query)
    assert shown.status_code == 200, shown.text
    return dict(shown.json["tenant_usage"])


def test_a_server_that_runs(world: World) -> None:
    assert of_project(world) == {}
    server_id = world.boot(flavorRef="2")
    shift(world, server_id, -3 * HOUR, "launched_at")
    until = clock.iso_microseconds(clock.now() - HOUR)
    found = of_project(world, end=until)
    assert set(found) == {
        "tenant_id", "start", "stop", "total_hours", "total_vcpus_usage", "total_memory_mb_usage",
        "total_local_gb_usage", "server_usages",
    }  # fmt: skip
    assert found["stop"] == until and found["tenant_id"] == PROJECT
    assert found["total_hours"] == pytest.approx(2, abs=0.2) == found["total_vcpus_usage"]
    assert found["total_memory_mb_usage"] == pytest.approx(512 * found["total_hours"])
    assert found["total_local_gb_usage"] == pytest.approx(5 * found["total_hours"])
    (one,) = found["server_usages"]
    assert (one["instance_id"], one["flavor"], one["state"], one["ended_at"]) == (server_id, "m1.small", "active", None)
    assert one["uptime"] >= 3 * 3600


def test_it_survives_the_server_and_its_row(world: World) -> None:
    server_id = world.boot()
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.cloud.settle()
    shift(world, server_id, -10 * DAY, "terminated_at", "deleted_at")
    shift(world, server_id, -10 * DAY - 5 * HOUR, "launched_at")
    before = of_project(world)
    assert before["server_usages"][0]["state"] == "terminated" and before["total_hours"] == pytest.approx(5, abs=0.2)
    assert 10 * DAY > RETENTION * SECOND
    assert world.cloud.database.write(store.forget_deleted) == 1
    assert world.cloud.get(f"{SERVERS}/{server_id}", as_="admin").status_code == 404
    after = of_project(world)
    for one in (before, after):
        one.pop("start")
        one.pop("stop")
    assert after == before


def test_a_server_that_never_ran_costs_nothing(world: World) -> None:
    assert world.ask().status_code == 202
    assert of_project(world) == {}


def test_all_projects_for_admins(world: World) -> None:
    world.boot()
    (found,) = world.cloud.get(USAGES, as_="admin").json["tenant_usages"]
    assert found["tenant_id"] == PROJECT and "server_usages" not in found
    (found,) = world.cloud.get(USAGES, as_="admin", params={"detailed": "1"}).json["tenant_usages"]
    assert len(found["server_usages"]) == 1
    assert world.cloud.get(USAGES).status_code == 403
    assert world.cloud.get(f"{USAGES}/", as_="admin").status_code == 404, "the usage of no project"
    assert world.cloud.get(f"{USAGES}/{OTHER_PROJECT}").status_code == 403
    assert world.cloud.get(f"{USAGES}/{OTHER_PROJECT}", as_="admin").json == {"tenant_usage": {}}


def test_pages(world: World) -> None:
    made = sorted(world.boot(f"s{number}") for number in range(3))
    path = f"{USAGES}/{PROJECT}"
    seen, link = [], f"{path}?limit=2"
    for _ in range(2):
        page = world.cloud.get(link, version=LATEST).json
        seen += [each["instance_id"] for each in page["tenant_usage"]["server_usages"]]
        links = page.get("tenant_usage_links")
        link = links[0]["href"].partition("falconframework.org")[2] if links else ""
    assert seen == made and not links
    assert world.cloud.get(f"{path}?marker=x", version=LATEST).status_code == 400
    whole = world.cloud.get(f"{USAGES}?limit=1&detailed=1", as_="admin", version="2.40").json
    assert len(whole["tenant_usages"][0]["server_usages"]) == 1 and whole["tenant_usages_links"]
    old = world.cloud.get(f"{USAGES}?limit=1&detailed=1", as_="admin", version="2.39").json
    assert len(old["tenant_usages"][0]["server_usages"]) == 3 and "tenant_usages_links" not in old


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"start": "x"}, "start"),
        ({"end": "2026"}, "end"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "start"),
        ({"end": "9999-12-31T23:59:59-14:00"}, "end"),
        ({"start": "2026-02-01", "end": "2026-01-01"}, "start"),
    ],
)
def test_times_that_are_refused(world: World, query: dict[str, str], named: str) -> None:
    refused = world.cloud.get(f"{USAGES}/{PROJECT}", params=query)
    assert refused.status_code == 400 and named in refused.text, refused.text


def test_the_first_and_the_last_time(world: World) -> None:
    found = of_project(world, end="0001-01-01")
    assert found == {}
    world.boot()
    found = of_project(world, start="0001-01-01", end="9999-12-31T23:59:59")
    assert len(found["server_usages"]) == 1 and found["stop"].startswith("9999-12-31")
    listed = world.cloud.get(USAGES, as_="admin", params={"end": "0001-01-01"})
    assert listed.status_code == 200 and listed.json["tenant_usages"] == []


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_outside_the_calendar_elsewhere(world: World, moment: str) -> None:
    """In UTC they are in the years 0 and 10000."""
    server_id = world.boot()
    root = "/compute/v2.1"
    for path, names in (
        (f"{SERVERS}/detail", ("changes-since", "changes-before")),
        (f"{SERVERS}/{server_id}/os-instance-actions", ("changes-since", "changes-before")),
        (f"{root}/os-migrations", ("changes-since", "changes-before")),
        (f"{root}/images", ("changes-since",)),
        (f"{SERVERS}/detail", ("created_at", "launched_at", "terminated_at")),
    ):
        for name in names:
            version = "2.35" if path.endswith("/images") else LATEST
            answer = world.cloud.get(path, as_="admin", version=version, params={name: moment})
            assert answer.status_code == 400 and name in answer.text, (path, name, answer.text)
    assert world.cloud.get(f"{root}/os-instance_usage_audit_log/{moment}", as_="admin").status_code in (200, 400)
