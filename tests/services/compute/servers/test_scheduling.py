"""The host that a server gets: groups, zones, aggregates, hints; and the explanation when there is none."""

import json
from typing import Any

import pytest

from tests.cloud import PROJECT
from tests.services.compute.several import add_hosts
from tests.services.compute.world import LATEST, SERVERS, World

AGGREGATES = "/compute/v2.1/os-aggregates"
GROUPS = "/compute/v2.1/os-server-groups"


def group(world: World, policy: str, **rules: int) -> str:
    asked: dict[str, Any] = {"name": "web", "policy": policy} | ({"rules": rules} if rules else {})
    made = world.cloud.post(GROUPS, version="2.64", json={"server_group": asked})
    assert made.status_code == 200, made.text
    return str(made.json["server_group"]["id"])


def ask(world: World, hints: dict[str, Any] | None = None, as_: str = "member", **more: Any) -> Any:
    body = {**world.body(**more), "os:scheduler_hints": hints or {}}
    return world.cloud.post(SERVERS, as_=as_, version=LATEST, json=body)


def boot(world: World, hints: dict[str, Any] | None = None, as_: str = "member", **more: Any) -> dict[str, Any]:
    """The server, as an admin sees it when nothing works on it any more."""
    made = ask(world, hints, as_, **more)
    assert made.status_code == 202, made.text
    world.cloud.settle()
    return world.show(made.json["server"]["id"], as_="admin")


def host(server: dict[str, Any]) -> str | None:
    found: str | None = server["OS-EXT-SRV-ATTR:host"]
    return found


def aggregate(world: World, host: str, zone: str | None = None, **metadata: str) -> str:
    """The path of a new aggregate with the host."""

    def ok(answer: Any) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json["aggregate"]

    asked: dict[str, Any] = {"name": f"of {host} {zone} {metadata}"}
    made = ok(world.cloud.post(AGGREGATES, as_="admin", json={"aggregate": asked}))
    path = f"{AGGREGATES}/{made['id']}"
    if zone:
        metadata["availability_zone"] = zone
    ok(world.cloud.post(f"{path}/action", as_="admin", json={"set_metadata": {"metadata": metadata}}))
    ok(world.cloud.post(f"{path}/action", as_="admin", json={"add_host": {"host": host}}))
    return path


@pytest.fixture
def two(world: World) -> World:
    """A world with two hosts."""
    add_hosts(world.cloud, "host-2")
    return world


def test_affinity(two: World) -> None:
    hints = {"group": group(two, "affinity")}
    servers = [boot(two, hints) for _ in range(3)]
    assert len({host(server) for server in servers}) == 1
    assert [server["server_groups"] for server in servers] == [[hints["group"]]] * 3
    shown = two.cloud.get(f"{GROUPS}/{hints['group']}").json["server_group"]
    assert sorted(shown["members"]) == sorted(server["id"] for server in servers)


def test_anti_affinity(two: World) -> None:
    hints = {"group": group(two, "anti-affinity")}
    servers = [boot(two, hints) for _ in range(2)]
    assert {host(server) for server in servers} == {"host-1", "host-2"}
    third = boot(two, hints)
    assert third["status"] == "ERROR"
    why = "the server group web (anti-affinity) has 1 here and allows one server on one host"
    assert third["fault"]["details"].splitlines() == [f"host-1: {why}", f"host-2: {why}"]
    told = two.show(third["id"])["fault"]["message"]
    assert told.endswith(f"All 2 hosts: {why}.") and "host-1" not in told
    two.cloud.delete(f"{SERVERS}/{servers[0]['id']}")
    two.cloud.settle()
    again = boot(two, hints)
    assert host(again) == host(servers[0]), "a deleted server leaves its place"
    assert len(two.cloud.get(f"{GROUPS}/{hints['group']}").json["server_group"]["members"]) == 3
    assert [each for each in two.cloud.audit() if each["service"] in ("compute", "placement")] == []


def test_anti_affinity_in_one_request(two: World) -> None:
    made = ask(two, {"group": group(two, "anti-affinity")}, min_count=2)
    assert made.status_code == 202, made.text
    two.cloud.settle()
    listed = two.cloud.get(f"{SERVERS}/detail", as_="admin").json["servers"]
    assert sorted(str(host(server)) for server in listed) == ["host-1", "host-2"]


def test_several_of_a_group_on_one_host(two: World) -> None:
    hints = {"group": group(two, "anti-affinity", max_server_per_host=2)}
    found = [host(boot(two, hints)) for _ in range(5)]
    assert sorted(filter(None, found)) == ["host-1", "host-1", "host-2", "host-2"] and found[4] is None


def test_soft_policies_only_prefer(two: World) -> None:
    apart = {"group": group(two, "soft-anti-affinity")}
    found = [host(boot(two, apart)) for _ in range(4)]
    assert {*found[:2]} == {*found[2:]} == {"host-1", "host-2"}
    together = {"group": group(two, "soft-affinity")}
    found = [host(boot(two, together)) for _ in range(3)]
    assert len({*found}) == 1
    service = two.cloud.get("/compute/v2.1/os-services", as_="admin", version="2.53").json["services"]
    (path,) = (f"/compute/v2.1/os-services/{each['id']}" for each in service if each["host"] == found[0])
    two.cloud.put(path, as_="admin", version="2.53", json={"status": "disabled"})
    assert host(boot(two, together)) not in (None, found[0])


def test_a_group_of_one_host(world: World) -> None:
    hints = {"group": group(world, "anti-affinity")}
    assert boot(world, hints)["status"] == "ACTIVE" and boot(world, hints)["status"] == "ERROR"


def test_groups_that_cannot_be_joined(world: World) -> None:
    for named in ("x", 7, "1c7b3f0a-5c8b-4bbf-9a71-3a4f8f5f0b0e"):
        refused = ask(world, {"group": named})
        assert refused.status_code == 400 and "group" in refused.json["badRequest"]["message"], refused.text
    theirs = {"name": "x", "policy": "affinity"}
    made = world.cloud.post(GROUPS, as_="other", version="2.64", json={"server_group": theirs}).json["server_group"]
    assert ask(world, {"group": made["id"]}).status_code == 400
    quota = f"/compute/v2.1/os-quota-sets/{PROJECT}"
    world.cloud.put(quota, as_="admin", json={"quota_set": {"server_group_members": 1}})
    hints = {"group": group(world, "affinity")}
    assert ask(world, hints, min_count=2).status_code == 403
    assert ask(world, hints).status_code == 202
    refused = ask(world, hints)
    assert refused.status_code == 403 and "server_group_members" in refused.text
    assert world.cloud.get(f"{GROUPS}/{hints['group']}").json["server_group"]["members"] != []


def test_zones_are_those_of_aggregates(two: World) -> None:
    aggregate(two, "host-2", zone="east")
    zones = two.cloud.get("/compute/v2.1/os-availability-zone").json["availabilityZoneInfo"]
    assert [zone["zoneName"] for zone in zones] == ["east", "nova"]
    server = boot(two, availability_zone="east")
    assert (host(server), server["OS-EXT-AZ:availability_zone"]) == ("host-2", "east")
    assert server["pinned_availability_zone"] == "east"
    assert host(boot(two, availability_zone="nova")) == "host-1"
    assert host(boot(two, as_="admin", availability_zone="east:host-2")) == "host-2"
    assert ask(two, availability_zone="west").status_code == 400
    assert ask(two, availability_zone="east:host-2").status_code == 403


def test_the_zone_of_a_host_with_servers_stays(world: World) -> None:
    path = aggregate(world, "host-1")
    boot(world)
    body = {"set_metadata": {"metadata": {"availability_zone": "east"}}}
    refused = world.cloud.post(f"{path}/action", as_="admin", json=body)
    assert refused.status_code == 409 and "host-1" in refused.text


def test_extra_specs_of_aggregates(two: World) -> None:
    aggregate(two, "host-2", ssd="true")
    flavor = "/compute/v2.1/flavors/1/os-extra_specs"
    specs = {"extra_specs": {"aggregate_instance_extra_specs:ssd": "true", "capabilities:vcpus_total": ">= 2"}}
    assert two.cloud.post(flavor, as_="admin", json=specs).status_code == 200
    assert host(boot(two)) == "host-2" == host(boot(two))
    specs["extra_specs"]["capabilities:vcpus_total"] = "<= 1"
    assert two.cloud.post(flavor, as_="admin", json=specs).status_code == 200
    lost = boot(two)
    assert lost["fault"]["details"].splitlines() == [
        "host-1: in no aggregate whose ssd is true; its vcpus_total is not <= 1", "host-2: its vcpus_total is not <= 1",
    ]  # fmt: skip


def test_aggregates_of_other_projects(two: World) -> None:
    aggregate(two, "host-2", filter_tenant_id="another")
    aggregate(two, "host-1", filter_tenant_id=f"another, {PROJECT}")
    assert [host(boot(two)) for _ in range(2)] == ["host-1", "host-1"]


def test_properties_of_images(world: World) -> None:
    path = f"/image/v2/images/{world.image}"
    kind = "application/openstack-images-v2.1-json-patch"

    def patch(**properties: str) -> None:
        changes = [{"op": "add", "path": f"/{name}", "value": value} for name, value in properties.items()]
        headers = {"Content-Type": kind}

        answer = world.cloud.patch(path, as_="admin", body=json.dumps(changes), headers=headers)
        assert answer.status_code == 200, answer.text

    patch(hw_architecture="x86_64", img_hv_type="fake", hw_vm_mode="hvm")
    assert boot(world)["status"] == "ACTIVE"
    patch(hw_architecture="aarch64")
    assert boot(world)["fault"]["details"] == "host-1: its architecture is not the image's, aarch64"


def test_the_same_and_a_different_host(two: World) -> None:
    first, second = boot(two), boot(two)
    assert host(first) != host(second)
    for one in (first, second):
        assert host(boot(two, {"same_host": one["id"]})) == host(one)
        assert host(boot(two, {"different_host": [one["id"]]})) != host(one)
    nowhere = boot(two, {"different_host": [first["id"], second["id"]]})
    assert "All 2 hosts: it has a server of the hint different_host." in nowhere["fault"]["message"]
    assert boot(two, {"same_host": "1c7b3f0a-5c8b-4bbf-9a71-3a4f8f5f0b0e"})["status"] == "ERROR"


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ('[">=", "$free_ram_mb", 1024]', True), ('["<", "$free_ram_mb", 1024]', False),
        (["and", ["=", "$host", "host-1"], ["not", ["in", "$vcpus_used", 7, 8]]], True),
        (["or", ["=", "$host", "host-9"], ["=", "$nothing", 1]], False),
        (["<", "$host", 5], False),
    ],
)  # fmt: skip
def test_a_query(world: World, query: Any, fits: bool) -> None:
    server = boot(world, {"query": query}, as_="admin", name="asked")
    assert server["status"] == ("ACTIVE" if fits else "ERROR")
    assert fits or server["fault"]["details"] == "host-1: the hint query does not hold"


@pytest.mark.parametrize("key", ["os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"])
def test_only_admins_ask_hosts_by_query(world: World, key: str) -> None:
    """It would tell members which hosts there are, and how full, and let them force one."""
    for query in (["=", "$host", "host-1"], '["<", "$free_ram_mb", 1024]'):
        refused = world.cloud.post(SERVERS, version=LATEST, json={**world.body(), key: {"query": query}})
        assert refused.status_code == 403 and "os:scheduler_hints.query" in refused.json["forbidden"]["message"]
    assert world.cloud.get(SERVERS).json["servers"] == []


@pytest.mark.parametrize(
    "hints",
    [
        {"query": "["}, {"query": "7"}, {"query": ["like", 1]}, {"query": []}, {"query": {"a": 1}},
        {"query": "[" * 2000}, {"same_host": "x"}, {"different_host": [1]}, {"build_near_host_ip": "10.0.0.1"},
        {"build_near_host_ip": "x", "cidr": "/24"},
    ],
)  # fmt: skip
def test_hints_that_are_refused(world: World, hints: dict[str, Any]) -> None:
    refused = ask(world, hints)
    if hints == {"query": []}:
        assert refused.status_code == 202, "no query"
        return
    assert refused.status_code == 400 and next(iter(hints)) in refused.json["badRequest"]["message"], refused.text
