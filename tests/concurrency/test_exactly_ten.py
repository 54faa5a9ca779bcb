"""Fifty at once against room for ten: exactly ten, on both databases, by quota, by host, by address."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kumoi import app
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.kernel import quotas
from kumoi.services.compute.hosts.logic import MEMORY_RATIO
from kumoi.services.compute.hosts.reconcilers import presence
from kumoi.services.placement import facade as placement
from tests.cloud import PROJECT, Cloud
from tests.services.compute import world as worlds
from tests.services.compute.world import World

MANY, TEN, AT_ONCE = 50, 10, 16
PORTS = "/network/v2.0/ports"


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    from kumoi.services.block_storage import bootstrap

    cloud = Cloud(tmp_path, database_url)
    cloud.database.write(lambda tx: bootstrap.bootstrap(tx, cloud.settings, {}))
    yield worlds.make(cloud)
    cloud.close()


def limit(world: World, service: str, resource: str, value: int) -> None:
    world.cloud.database.write(lambda tx: quotas.set_limit(tx, service, resource, PROJECT, value))


def at_once(ask: Callable[[int], Any]) -> Counter[int]:
    """Status → how many of the fifty got it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(answer.status_code for answer in pool.map(ask, range(MANY)))


def walk(cloud: Cloud) -> None:
    """Several runners, as several processes would be."""

    def work(_: int) -> None:
        runner = app.make_runner(cloud.database, cloud.locate)
        while runner.run_one():
            pass

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    cloud.settle(60)


def test_servers_against_a_quota_of_ten(world: World) -> None:
    limit(world, "compute", "instances", TEN)
    answers = at_once(lambda number: world.ask(f"s{number}"))
    assert answers == {202: TEN, 403: MANY - TEN}
    walk(world.cloud)
    servers = world.cloud.get("/compute/v2.1/servers/detail").json["servers"]
    assert Counter(server["status"] for server in servers) == {"ACTIVE": TEN}
    assert world.cloud.audit() == []


def test_servers_against_a_host_with_room_for_ten(world: World) -> None:
    fake = world.cloud.engines[FakeHypervisor]
    fake.shown = msgspec.structs.replace(
        fake.shown, memory_mib=world.cloud.settings.reserved_host_memory_mb + math.ceil(TEN * 256 / MEMORY_RATIO)
    )
    presence.sweep(_view(world.cloud))
    for resource in ("instances", "cores", "ram"):
        limit(world, "compute", resource, -1)
    assert at_once(lambda number: world.ask(f"s{number}")) == {202: MANY}
    walk(world.cloud)
    servers = world.cloud.get("/compute/v2.1/servers/detail").json["servers"]
    assert Counter(server["status"] for server in servers) == {"ACTIVE": TEN, "ERROR": MANY - TEN}
    assert len(world.cloud.database.read(placement.consumers)) == TEN
    assert len(world.cloud.engines[FakeHypervisor].states()) == TEN
    assert world.cloud.audit() == []


def test_ports_against_a_quota_of_ten(world: World) -> None:
    has = len(world.cloud.get(PORTS).json["ports"])
    limit(world, "network", "port", has + TEN)
    answers = at_once(lambda _: world.cloud.post(PORTS, json={"port": {"network_id": world.network}}))
    assert answers == {201: TEN, 409: MANY - TEN}


def test_ports_against_ten_addresses(world: World) -> None:
    pool = {"start": "10.9.0.10", "end": f"10.9.0.{9 + TEN}"}
    network = world.cloud.post("/network/v2.0/networks", json={"network": {}}).json["network"]["id"]
    subnet = {"network_id": network, "cidr": "10.9.0.0/24", "ip_version": 4, "allocation_pools": [pool],
              "enable_dhcp": False}  # fmt: skip
    assert world.cloud.post("/network/v2.0/subnets", json={"subnet": subnet}).status_code == 201
    answers = at_once(lambda _: world.cloud.post(PORTS, json={"port": {"network_id": network}}))
    assert answers == {201: TEN, 409: MANY - TEN}
    ports = world.cloud.get(f"{PORTS}?network_id={network}").json["ports"]
    given = [fixed["ip_address"] for port in ports for fixed in port["fixed_ips"]]
    assert len(set(given)) == len(given) == TEN


def test_volumes_against_a_quota_of_ten(world: World) -> None:
    limit(world, "block_storage", "volumes", TEN)
    answers = at_once(lambda _: world.cloud.post("/volume/v3/volumes", json={"volume": {"size": 1}}))
    assert answers == {202: TEN, 413: MANY - TEN}


def test_one_key_fifty_times_makes_one_server(world: World) -> None:
    """Also while the first still runs: whoever comes second waits for it, and gets its answer."""

    def ask(_: int) -> Any:
        return world.cloud.post(
            worlds.SERVERS, version="2.96", headers={"Idempotency-Key": "the same"}, json=world.body("one")
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, range(MANY)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert len(world.cloud.get("/compute/v2.1/servers").json["servers"]) == 1


def _view(cloud: Cloud) -> Any:
    from kumoi.kernel.reconcile import View

    return View(cloud.database, cloud.locate)
