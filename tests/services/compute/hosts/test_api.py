"""Hosts for admins: hypervisors, services, zones; and the updates of placement."""

from typing import Any

import msgspec
import pytest

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.kernel import clock, reconcile
from kumoi.kernel.clock import VirtualClock
from kumoi.kernel.reconcile import View
from kumoi.services.compute import shortfalls
from kumoi.services.compute.hosts import store
from kumoi.services.compute.hosts.reconcilers import presence
from kumoi.services.compute.shortfalls import DISABLED
from kumoi.services.placement import facade as placement

HYPERVISORS = "/compute/v2.1/os-hypervisors"
SERVICES = "/compute/v2.1/os-services"
ZONES = "/compute/v2.1/os-availability-zone"


def look(cloud: Any) -> None:
    presence.sweep(View(cloud.database, cloud.locate))


class Slow(VirtualClock):
    """A machine on which each turn of a sweep takes a tenth of a second of processor time."""

    worked = 0.0

    def spent(self) -> float:
        self.worked += 0.1
        return self.worked


def test_a_host_is_up_however_long_it_takes_to_ask(cloud: Any) -> None:
    virtual, resting = Slow(), dict[str, int]()
    with clock.using(virtual):
        for _ in range(60):
            reconcile.run_sweeps(cloud.database, cloud.locate, resting=resting)
            assert [row["up"] for row in cloud.database.read(store.every)] == [True], virtual.now()
            virtual.advance(1)


class Silent:
    """Hosts of which none answers."""

    def names(self) -> list[str]:
        return ["host-1"]

    def hypervisor(self, host: str) -> Any:
        raise OSError("no answer")

    volumes = wiring = hypervisor


@pytest.fixture
def seen(cloud: Any) -> Any:
    look(cloud)
    return cloud


def candidates(cloud: Any) -> list[str]:
    return [
        c.name
        for c in cloud.database.read(
            lambda tx: placement.candidates(tx, {"VCPU": 1, "MEMORY_MB": 256}, forbidden=[DISABLED])
        )
    ]


def test_a_host_that_answers_is_registered_with_its_room(seen: Any) -> None:
    (row,) = seen.database.read(store.every)
    assert row["name"] == "host-1" and row["up"]
    assert candidates(seen) == ["host-1"]
    before = row["updated_at"]
    look(seen)
    (row,) = seen.database.read(store.every)
    assert row["updated_at"] == before, "nothing changed, so only the heartbeat was written"
    (provider,) = seen.database.read(placement.provider_ids)
    assert provider == row["id"]


def test_the_ratios_that_an_admin_sets_stay(seen: Any) -> None:
    (row,) = seen.database.read(store.every)
    path = f"/placement/resource_providers/{row['id']}/inventories"

    def shown() -> Any:
        return seen.get(path, as_="admin").json

    held = shown()
    usual = {name: one["allocation_ratio"] for name, one in held["inventories"].items()}
    assert usual == {"VCPU": usual["VCPU"], "MEMORY_MB": 1.5, "DISK_GB": 1.0} and usual["VCPU"] in (4.0, 16.0)
    wanted = {"VCPU": 400.0, "MEMORY_MB": 2.5, "DISK_GB": 3.0}
    for name, ratio in wanted.items():
        held["inventories"][name]["allocation_ratio"] = ratio
    assert seen.put(path, as_="admin", json=held).status_code == 200
    look(seen)
    after = shown()["inventories"]
    assert {name: one["allocation_ratio"] for name, one in after.items()} == wanted
    assert after["VCPU"]["max_unit"] == after["VCPU"]["total"] * 400
    generation = shown()["resource_provider_generation"]
    look(seen)
    assert shown()["resource_provider_generation"] == generation


def test_ratios_and_reserves_of_the_settings_hold(seen: Any) -> None:
    (row,) = seen.database.read(store.every)
    path = f"/placement/resource_providers/{row['id']}/inventories"

    def shown(field: str) -> dict[str, Any]:
        return {name: one[field] for name, one in seen.get(path, as_="admin").json["inventories"].items()}

    totals = shown("total")
    assert shown("reserved") == {"VCPU": 0, "MEMORY_MB": 512, "DISK_GB": 0}
    seen.settings.cpu_allocation_ratio, seen.settings.ram_allocation_ratio = 2.5, 1.0
    seen.settings.reserved_host_cpus, seen.settings.reserved_host_memory_mb = 2, 1024
    seen.settings.reserved_host_disk_mb = 1025
    look(seen)
    assert shown("allocation_ratio") == {"VCPU": 2.5, "MEMORY_MB": 1.0, "DISK_GB": 1.0}
    assert shown("reserved") == {"VCPU": 2, "MEMORY_MB": 1024, "DISK_GB": 2}
    held = seen.get(path, as_="admin").json
    for name in totals:
        held["inventories"][name]["allocation_ratio"] = 9.0
    assert seen.put(path, as_="admin", json=held).status_code == 200
    look(seen)
    assert shown("allocation_ratio") == {"VCPU": 2.5, "MEMORY_MB": 1.0, "DISK_GB": 9.0}, "a set ratio holds"
    hypervisor = seen.get(f"{HYPERVISORS}/detail", as_="admin").json["hypervisors"][0]
    assert (hypervisor["vcpus_used"], hypervisor["memory_mb_used"], hypervisor["local_gb_used"]) == (2, 1024, 2)
    body = {"status": "disabled", "disabled_reason": "repair"}
    service = seen.get(SERVICES, as_="admin", version="2.53").json["services"][0]["id"]
    assert seen.put(f"{SERVICES}/{service}", as_="admin", version="2.53", json=body).status_code == 200
    assert shown("reserved") == {"VCPU": 2, "MEMORY_MB": 1024, "DISK_GB": 2}
    seen.settings.reserved_host_memory_mb = 1 << 40
    look(seen)
    assert shown("reserved")["MEMORY_MB"] == totals["MEMORY_MB"] and candidates(seen) == []
    seen.settings.cpu_allocation_ratio = 0.0
    look(seen)
    assert shown("allocation_ratio")["VCPU"] == 2.5, "a ratio that is not set any more stays until somebody changes it"


def test_a_host_that_grows(seen: Any) -> None:
    fake = seen.engines[FakeHypervisor]
    fake.shown = msgspec.structs.replace(fake.shown, vcpus=1, memory_mib=2000)
    look(seen)
    shown = seen.get(f"{HYPERVISORS}/detail", as_="admin").json["hypervisors"][0]
    assert shown["vcpus"] == 1 and shown["memory_mb"] == 2000
    fits = seen.database.read(lambda tx: placement.candidates(tx, {"VCPU": 16, "MEMORY_MB": 2000}))
    assert len(fits) == 1
    assert not seen.database.read(lambda tx: placement.candidates(tx, {"VCPU": 17}))
    assert not seen.database.read(lambda tx: placement.candidates(tx, {"MEMORY_MB": 2001}))


def test_a_silent_host_goes_down_after_a_while_and_comes_back(cloud: Any) -> None:
    time = VirtualClock()
    with clock.using(time):
        look(cloud)
        answering, cloud.engines[Hosts] = cloud.engines[Hosts], Silent()
        look(cloud)
        assert candidates(cloud) == ["host-1"], "one lost answer is no silence"
        time.advance(21)
        look(cloud)
        assert candidates(cloud) == []
        assert cloud.get(SERVICES, as_="admin").json["services"][0]["state"] == "down"
        assert cloud.get(HYPERVISORS, as_="admin").json["hypervisors"][0]["state"] == "down"
        (short,) = cloud.database.read(lambda tx: placement.shortfalls(tx, {"VCPU": 1}, forbidden=[DISABLED]))
        assert shortfalls.reasons(short) == ["disabled, or it does not answer"]
        cloud.engines[Hosts] = answering
        look(cloud)
        assert candidates(cloud) == ["host-1"]
        assert cloud.get(SERVICES, as_="admin").json["services"][0]["state"] == "up"


def test_the_first_host_is_waited_for(cloud: Any) -> None:
    time = VirtualClock()
    answering = cloud.engines[Hosts]

    class Starting(Silent):
        asked = 0

        def hypervisor(self, host: str) -> Any:
            Starting.asked += 1
            return answering.hypervisor(host) if Starting.asked > 5 else super().hypervisor(host)

        def volumes(self, host: str) -> Any:
            return answering.volumes(host)

    with clock.using(time):
        cloud.engines[Hosts] = Starting()
        look(cloud)
        assert candidates(cloud) == ["host-1"]


def test_the_edges_of_hypervisors(seen: Any) -> None:
    def first(version: str, path: str = "/detail") -> Any:
        return seen.get(f"{HYPERVISORS}{path}", as_="admin", version=version).json["hypervisors"][0]

    assert isinstance(first("2.27")["cpu_info"], str) and isinstance(first("2.28")["cpu_info"], dict)
    assert first("2.52")["id"] == 1 and len(first("2.53")["id"]) == 36 == len(first("2.53")["service"]["id"])
    old, new = first("2.87"), first("2.88")
    assert set(old) - set(new) == {
        "cpu_info", "vcpus", "vcpus_used", "memory_mb", "memory_mb_used", "free_ram_mb", "local_gb", "local_gb_used",
        "free_disk_gb", "disk_available_least", "current_workload", "running_vms",
    }  # fmt: skip
    assert set(new) - set(old) == {"uptime"} and " up " in new["uptime"]
    statistics = seen.get(f"{HYPERVISORS}/statistics", as_="admin", version="2.87").json["hypervisor_statistics"]
    assert statistics["count"] == 1 and statistics["vcpus"] == 64
    assert seen.get(f"{HYPERVISORS}/statistics", as_="admin", version="2.88").status_code == 404
    uuid = first("2.53")["id"]
    assert seen.get(f"{HYPERVISORS}/{uuid}", as_="admin", version="2.88").json["hypervisor"]["id"] == uuid
    assert seen.get(f"{HYPERVISORS}/1", as_="admin").json["hypervisor"]["hypervisor_hostname"] == "host-1"
    assert seen.get(f"{HYPERVISORS}/2", as_="admin").status_code == 404
    shown = seen.get(f"{HYPERVISORS}/1/uptime", as_="admin").json["hypervisor"]
    assert (shown["hypervisor_hostname"], " load average: " in shown["uptime"]) == ("host-1", True)
    assert seen.get(f"{HYPERVISORS}/2/uptime", as_="admin").status_code == 404
    assert seen.get(f"{HYPERVISORS}/1/uptime", as_="admin", version="2.88").status_code == 404
    assert seen.get(f"{HYPERVISORS}/host/search", as_="admin").json["hypervisors"][0]["id"] == 1
    found = seen.get(f"{HYPERVISORS}?hypervisor_hostname_pattern=ost", as_="admin", version="2.53")
    assert len(found.json["hypervisors"]) == 1
    missed = seen.get(f"{HYPERVISORS}?hypervisor_hostname_pattern=x", as_="admin", version="2.53")
    assert missed.status_code == 404
    paged = seen.get(f"{HYPERVISORS}?limit=1", as_="admin", version="2.33").json
    assert paged["hypervisors_links"][0]["href"].endswith("limit=1&marker=1")
    assert seen.get(f"{HYPERVISORS}?limit=1&marker=1", as_="admin", version="2.33").json == {"hypervisors": []}
    assert seen.get(HYPERVISORS, as_="member").status_code == 403


def test_the_uptime_of_a_silent_host(seen: Any) -> None:
    seen.engines[Hosts] = Silent()
    assert seen.get(f"{HYPERVISORS}/1/uptime", as_="admin").status_code == 400
    assert seen.get(f"{HYPERVISORS}/detail", as_="admin", version="2.88").json["hypervisors"][0]["uptime"] is None


def test_a_service_is_deleted_with_its_place_in_placement(seen: Any) -> None:
    assert seen.delete(f"{SERVICES}/7", as_="admin").status_code == 404
    assert seen.delete(f"{SERVICES}/x", as_="admin").status_code == 400
    assert seen.delete(f"{SERVICES}/1").status_code == 403
    service = seen.get(SERVICES, as_="admin", version="2.53").json["services"][0]["id"]
    made = seen.post("/compute/v2.1/os-aggregates", as_="admin", json={"aggregate": {"name": "a"}}).json["aggregate"]
    action = f"/compute/v2.1/os-aggregates/{made['id']}/action"
    assert seen.post(action, as_="admin", json={"add_host": {"host": "host-1"}}).status_code == 200
    assert seen.delete(f"{SERVICES}/{service}", as_="admin", version="2.53").status_code == 204
    assert seen.get(SERVICES, as_="admin").json == {"services": []}
    assert seen.database.read(placement.provider_ids) == []
    assert seen.get("/compute/v2.1/os-aggregates", as_="admin").json["aggregates"][0]["hosts"] == []
    look(seen)
    assert len(seen.get(SERVICES, as_="admin").json["services"]) == 1, "a host that answers is there again"


def test_what_servers_take_of_a_host(seen: Any) -> None:
    from kumoi.services.compute import bootstrap
    from tests.services.image.sending import ready

    seen.database.write(lambda tx: bootstrap.bootstrap(tx, seen.settings, {}))
    image_id = ready(seen)
    body = {"server": {"name": "s", "imageRef": image_id, "flavorRef": "3", "networks": "none"}}
    made = seen.post("/compute/v2.1/servers", version="2.37", json=body)
    assert made.status_code == 202, made.text
    seen.settle()
    shown = seen.get(f"{HYPERVISORS}/detail?with_servers=true", as_="admin", version="2.53").json["hypervisors"][0]
    assert shown["servers"] == [{"name": "s", "uuid": made.json["server"]["id"]}]
    assert (shown["vcpus_used"], shown["memory_mb_used"], shown["local_gb_used"]) == (2, 1024 + 512, 10)
    assert (shown["running_vms"], shown["free_ram_mb"]) == (1, shown["memory_mb"] - 1536)
    number = seen.get(SERVICES, as_="admin").json["services"][0]["id"]
    refused = seen.delete(f"{SERVICES}/{number}", as_="admin")
    assert refused.status_code == 409 and "host-1" in refused.text
    brief = seen.get(f"{HYPERVISORS}?with_servers=true", as_="admin", version="2.53").json["hypervisors"][0]
    assert brief["servers"] == shown["servers"]
    assert seen.get("/compute/v2.1/limits").json["limits"]["absolute"]["totalCoresUsed"] == 2


def test_disabling_a_service_takes_its_host_out(seen: Any) -> None:
    service = seen.get(SERVICES, as_="admin", version="2.53").json["services"][0]
    path = f"{SERVICES}/{service['id']}"
    off = {"status": "disabled", "disabled_reason": "new memory"}
    changed = seen.put(path, as_="admin", version="2.53", json=off).json["service"]
    assert changed["status"] == "disabled" and changed["disabled_reason"] == "new memory"
    assert candidates(seen) == []
    look(seen)
    assert candidates(seen) == [], "a heartbeat does not enable it"
    assert seen.get(ZONES).json["availabilityZoneInfo"][0]["zoneState"] == {"available": False}
    assert seen.put(path, as_="admin", version="2.53", json={"status": "enabled"}).status_code == 200
    assert candidates(seen) == ["host-1"]
    assert seen.put(path, as_="admin", version="2.53", json={}).status_code == 400
    wrong = {"status": "enabled", "disabled_reason": "x"}
    assert seen.put(path, as_="admin", version="2.53", json=wrong).status_code == 400
    assert seen.put(f"{SERVICES}/nobody", as_="admin", version="2.53", json=off).status_code == 404


def test_services_before_2_53(seen: Any) -> None:
    named = {"host": "host-1", "binary": "nova-compute"}
    off = seen.put(f"{SERVICES}/disable-log-reason", as_="admin", json={**named, "disabled_reason": "r"})
    assert off.json["service"]["disabled_reason"] == "r" and candidates(seen) == []
    assert seen.put(f"{SERVICES}/enable", as_="admin", json=named).json["service"]["status"] == "enabled"
    assert seen.put(f"{SERVICES}/enable", as_="admin", json={**named, "host": "x"}).status_code == 404
    assert seen.put(f"{SERVICES}/enable", as_="admin", version="2.53", json=named).status_code == 404
    down = {**named, "forced_down": True}
    assert seen.put(f"{SERVICES}/force-down", as_="admin", version="2.11", json=down).status_code == 200
    shown = seen.get(f"{SERVICES}?host=host-1&binary=nova-compute", as_="admin", version="2.11").json["services"][0]
    assert shown["state"] == "down" and shown["forced_down"] is True and candidates(seen) == []
    assert seen.get(f"{SERVICES}?binary=nova-conductor", as_="admin").json == {"services": []}


def test_zones(seen: Any) -> None:
    assert seen.get(ZONES).json["availabilityZoneInfo"] == [
        {"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}
    ]
    detail = seen.get(f"{ZONES}/detail", as_="admin").json["availabilityZoneInfo"][0]
    assert detail["hosts"]["host-1"]["nova-compute"]["available"] is True
    assert seen.get(f"{ZONES}/detail", as_="member").status_code == 403
