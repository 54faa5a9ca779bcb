"""Lists of servers: filters, order, pages, visibility, versions."""

import time
from typing import Any

import pytest

from kumoi.kernel import clock
from tests.cloud import PROJECT
from tests.services.compute.world import LATEST, SERVERS, World


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.text
    return [server["name"] for server in response.json["servers"]]


def listed(world: World, as_: str = "member", version: str = LATEST, **params: Any) -> list[str]:
    params = {name.replace("_since", "-since").replace("_before", "-before"): value for name, value in params.items()}
    return names(world.cloud.get(f"{SERVERS}/detail", as_=as_, version=version, params=params))


@pytest.fixture
def three(world: World) -> World:
    """alpha (tags a, b; stopped), beta (tag b), gamma (on no network; locked)."""
    alpha = world.boot("alpha", tags=["a", "b"], metadata={"x": "y"})
    world.boot("beta", tags=["b"], networks=[{"uuid": world.network, "fixed_ip": "10.0.9.9"}])
    gamma = world.boot("gamma", networks="none", flavorRef="2")
    world.act(alpha, "os-stop")
    world.act(gamma, "lock")
    world.cloud.settle()
    return world


def test_filters(three: World) -> None:
    assert listed(three) == ["gamma", "beta", "alpha"]
    assert listed(three, name="^.et") == ["beta"]
    assert listed(three, name="a") == ["gamma", "beta", "alpha"]
    assert listed(three, status="ACTIVE") == ["gamma", "beta"]
    assert listed(three, status=["shutoff", "error"]) == ["alpha"]
    assert listed(three, image=three.image) == ["gamma", "beta", "alpha"]
    assert listed(three, flavor="2") == ["gamma"]
    assert listed(three, ip="^10\\.0\\.9\\.9$") == ["beta"]
    assert listed(three, ip="10.0") == ["beta", "alpha"]
    assert listed(three, tags="a,b") == ["alpha"]
    assert listed(three, **{"tags-any": "a,b"}) == ["beta", "alpha"]
    assert listed(three, **{"not-tags": "a,b"}) == ["gamma", "beta"]
    assert listed(three, **{"not-tags-any": "a,b"}) == ["gamma"]
    assert listed(three, version="2.25", tags="a") == ["gamma", "beta", "alpha"]
    assert listed(three, locked="true") == ["gamma"]
    assert listed(three, version="2.72", locked="true") == ["gamma", "beta", "alpha"]
    assert listed(three, vm_state="stopped") == ["alpha"]
    assert listed(three, version="2.82", vm_state="stopped") == ["gamma", "beta", "alpha"]
    assert listed(three, version="2.82", as_="admin", vm_state="stopped") == ["alpha"]
    assert listed(three, power_state="4") == ["alpha"]
    assert listed(three, host="host-9") == ["gamma", "beta", "alpha"], "not a member's filter"
    assert listed(three, as_="admin", host="host-9") == []
    assert listed(three, as_="admin", host="host-1", user_id="member-user") == ["gamma", "beta", "alpha"]


def test_filters_that_are_wrong(three: World) -> None:
    def status(version: str = LATEST, **params: Any) -> int:
        return int(three.cloud.get(SERVERS, version=version, params=params).status_code)

    assert status(status="NONSENSE") == 400
    assert three.cloud.get(SERVERS, version="2.37", params={"status": "NONSENSE"}).json == {"servers": []}
    assert status(status="DELETED") == 403
    assert status(name="(") == 400 and status(ip="[") == 400
    for name in ("name", "hostname", "ip", "ip6"):
        refused = three.cloud.get(SERVERS, as_="admin", version=LATEST, params={name: r"(a)\1"})
        assert refused.status_code == 400 and f"query parameters {name}:" in refused.text
    assert status(**{"changes-since": "yesterday"}) == 400
    assert status(limit="-1") == 400 and status(limit="x") == 400
    assert status(marker="5b1f8e1c-0000-4000-8000-000000000000") == 400
    assert status(sort_key="colour") == 400 and status(sort_dir="up") == 400
    assert status(colour="blue") == 400 and status("2.74", colour="blue") == 200
    assert status(all_tenants="1") == 403 and status(all_tenants="0") == 200


def test_no_expression_holds_the_process(world: World) -> None:
    """Each additional letter doubles the time of Python's own `re`."""
    world.boot("a" * 25 + "!")
    before = time.thread_time()
    assert listed(world, name="(a+)+$") == []
    assert time.thread_time() - before < 1
    assert listed(world, ip=f"({'|'.join('.' * 8)})*!") == []
    assert listed(world, name="(a+)+!$", ip=r"^10\.") == ["a" * 25 + "!"]
    assert time.thread_time() - before < 1


def test_pages_and_order(three: World) -> None:
    first = three.cloud.get(SERVERS, params={"limit": 2, "sort_key": "display_name", "sort_dir": "asc"})
    assert names(first) == ["alpha", "beta"]
    (link,) = first.json["servers_links"]
    assert link["rel"] == "next" and "sort_key=display_name" in link["href"]
    path, _, query = link["href"].partition("?")
    rest = three.cloud.get(SERVERS, params=dict(part.split("=") for part in query.split("&")))
    assert names(rest) == ["gamma"] and "servers_links" not in rest.json
    assert path.endswith("/compute/v2.1/servers")
    assert listed(three, sort_key=["vm_state", "display_name"], sort_dir=["desc", "asc"]) == ["alpha", "beta", "gamma"]
    assert listed(three, limit=0) == []


def test_other_projects(three: World) -> None:
    assert listed(three, as_="other") == []
    assert three.cloud.get(f"{SERVERS}/detail", as_="roleless").status_code == 403
    assert listed(three, as_="reader") == ["gamma", "beta", "alpha"]
    assert listed(three, as_="system") == ["gamma", "beta", "alpha"]
    assert listed(three, as_="admin", all_tenants="1", project_id="elsewhere") == []
    assert listed(three, as_="admin", all_tenants="1", project_id=PROJECT) == ["gamma", "beta", "alpha"]


def test_deleted_and_changed(three: World) -> None:
    (beta,) = three.cloud.get(SERVERS, params={"name": "beta"}).json["servers"]
    before = clock.iso(clock.now())
    clock.sleep(1.1)
    now = clock.iso(clock.now())
    three.cloud.delete(f"{SERVERS}/{beta['id']}")
    three.cloud.settle()
    assert listed(three) == ["gamma", "alpha"]
    assert listed(three, changes_since=now) == ["beta"]
    assert {*listed(three, changes_before=before)} <= {"gamma", "alpha"}  # a whole second may end between the two
    assert listed(three, as_="admin", deleted="true") == ["beta"]
    assert listed(three, as_="admin", status="deleted") == ["beta"]
    shown = three.cloud.get(f"{SERVERS}/detail", as_="admin", params={"deleted": "true"}).json["servers"][0]
    assert shown["status"] == "DELETED" and shown["OS-SRV-USG:terminated_at"]
    assert three.cloud.get(f"{SERVERS}/{beta['id']}", as_="admin").status_code == 404


@pytest.mark.parametrize(
    ("field", "first", "admin"),
    [
        ("OS-EXT-SRV-ATTR:hostname", "2.3", True), ("OS-EXT-SRV-ATTR:hostname", "2.90", False), ("locked", "2.9", False),
        ("host_status", "2.16", True), ("description", "2.19", False), ("tags", "2.26", False),
        ("trusted_image_certificates", "2.63", False), ("server_groups", "2.71", False),
        ("locked_reason", "2.73", False), ("pinned_availability_zone", "2.96", False),
    ],
)  # fmt: skip
def test_each_field_begins_with_its_version(world: World, field: str, first: str, admin: bool) -> None:
    server_id = world.boot()
    who = "admin" if admin else "member"
    before = f"2.{int(first.split('.')[1]) - 1}"
    assert field not in world.show(server_id, as_=who, version=before)
    assert field in world.show(server_id, as_=who, version=first)
    if admin and field == "host_status":
        assert field not in world.show(server_id, version=first)


def test_the_flavor_of_a_server(world: World) -> None:
    server_id = world.boot()
    assert set(world.show(server_id, version="2.46")["flavor"]) == {"id", "links"}
    flavor = world.show(server_id, version="2.47")["flavor"]
    assert flavor == {
        "original_name": "m1.tiny", "vcpus": 1, "ram": 256, "disk": 1, "ephemeral": 0, "swap": 0, "extra_specs": {},
    }  # fmt: skip
    world.cloud.delete("/compute/v2.1/flavors/1", as_="admin")
    assert world.show(server_id)["flavor"] == flavor


def test_a_list_asks_as_many_questions_for_many_servers_as_for_one(world: World) -> None:
    from sqlalchemy import event

    asked: list[str] = []
    event.listen(world.cloud.database._reader, "before_cursor_execute", lambda *args: asked.append(args[2]))
    world.boot("one")
    asked.clear()
    listed(world)
    once = len(asked)
    for number in range(4):
        world.ask(f"more-{number}")
    world.cloud.settle()
    asked.clear()
    assert len(listed(world)) == 5
    assert len(asked) == once
