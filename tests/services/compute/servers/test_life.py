"""The life of servers on fakes: created, used, deleted, and the results of failing steps."""

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestState
from tests.services.compute.world import SERVERS, World


def test_a_server_is_made_and_deleted(world: World) -> None:
    server_id = world.boot()
    shown = world.show(server_id)
    assert shown["OS-EXT-STS:vm_state"] == "active" and shown["OS-EXT-STS:task_state"] is None
    assert shown["addresses"]["private"][0]["OS-EXT-IPS:type"] == "fixed"
    fake = world.cloud.engines[FakeHypervisor]
    assert fake.states() == {server_id: GuestState.RUNNING}
    assert world.cloud.audit() == []
    assert world.cloud.delete(f"{SERVERS}/{server_id}").status_code == 204
    world.cloud.settle()
    assert world.gone(server_id) and fake.states() == {}
    world.nothing_is_left()
