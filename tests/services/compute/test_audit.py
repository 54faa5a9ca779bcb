"""The audit reports each difference, which is created by hand."""

from typing import Any

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.kernel.database import Transaction
from kumoi.kernel.fences import Fence
from kumoi.services.compute.servers import store
from kumoi.services.placement import facade as placement
from tests.services.compute.world import SERVERS, World


def problems(world: World) -> dict[str, str]:
    """Kind → problem."""
    return {found["kind"]: found["problem"] for found in world.cloud.audit()}


def test_a_healthy_cloud_prints_nothing(world: World) -> None:
    world.boot()
    assert world.cloud.audit() == []


def test_a_guest_of_no_server(world: World) -> None:
    server_id = world.boot()
    spec = world.cloud.engines[FakeHypervisor].spec(server_id)
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.cloud.settle()
    assert world.cloud.audit() == []
    world.cloud.engines[FakeHypervisor].start(Fence(f"server/{server_id}", 1000), spec)
    assert "a server that is not there" in problems(world)["guest"]


def test_a_guest_that_died_is_found_before_the_sweep_mends_the_row(world: World) -> None:
    server_id = world.boot()
    world.cloud.engines[FakeHypervisor].die(server_id)
    assert "but its guest on host-1 is" in problems(world)["server"]
    world.cloud.sweep()
    world.cloud.settle()
    assert world.cloud.audit() == [] and world.show(server_id)["status"] == "SHUTOFF"


def test_a_claim_of_no_server(world: World) -> None:
    def claim(tx: Transaction) -> None:
        (provider_id,) = placement.provider_ids(tx)
        placement.claim(tx, "6d4ee0b4-0000-4000-8000-000000000001", provider_id, {"VCPU": 1}, "p", "u")

    world.cloud.database.write(claim)
    assert "for a server that is not there" in problems(world)["allocation"]


def test_a_claim_of_another_kind_of_consumer_is_none_of_computes(world: World) -> None:
    def claim(tx: Transaction) -> None:
        (provider_id,) = placement.provider_ids(tx)
        node = "6d4ee0b4-0000-4000-8000-000000000002"
        placement.claim(tx, node, provider_id, {"VCPU": 1}, "p", "u", consumer_type="NODE")

    world.cloud.database.write(claim)
    assert world.cloud.audit() == []


def test_a_state_that_nobody_leads_out_of(world: World) -> None:
    server_id = world.boot()

    def forget(tx: Transaction, **values: Any) -> None:
        store.update(tx, server_id, task_state="deleting")
        placement.release(tx, server_id)

    world.cloud.database.write(forget)
    found = [each["problem"] for each in world.cloud.audit() if each["kind"] == "server"]
    assert any("nothing works on it" in problem for problem in found)
    assert any("placement holds no room" in problem for problem in found)


def test_a_claim_of_a_server_on_no_host(world: World) -> None:
    server_id = world.boot()
    world.cloud.database.write(lambda tx: store.update(tx, server_id, host=None, vm_state="error"))
    assert "a server that is on no host" in problems(world)["allocation"]
