"""The password that a guest sets through its metadata, as its owner reads it."""

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.fake import FakeHypervisor
from tests.services.compute.hosts.test_api import Silent
from tests.services.compute.world import SERVERS, World


def test_a_guest_sets_its_password(world: World) -> None:
    server_id = world.boot()
    path = f"{SERVERS}/{server_id}/os-server-password"
    assert world.cloud.get(path).json == {"password": ""}
    guest = world.cloud.engines[FakeHypervisor]
    assert guest.set_password(server_id, b"c2VjcmV0") == 200
    assert world.cloud.get(path).json == {"password": "c2VjcmV0"} == world.cloud.get(path, as_="reader").json
    assert world.cloud.get(path, as_="other").status_code == 404
    assert guest.set_password(server_id, b"again") == 409
    assert world.cloud.delete(path, as_="reader").status_code == 403
    assert world.cloud.delete(path).status_code == 204
    assert world.cloud.get(path).json == {"password": ""}
    assert guest.set_password(server_id, b"again") == 200


def test_a_server_without_a_guest(world: World) -> None:
    path = f"{SERVERS}/{world.ask().json['server']['id']}/os-server-password"
    assert world.cloud.get(path).json == {"password": ""}
    assert world.cloud.delete(path).status_code == 204


def test_a_silent_host(world: World) -> None:
    server_id = world.boot()
    world.cloud.engines[Hosts] = Silent()
    assert world.cloud.get(f"{SERVERS}/{server_id}/os-server-password").status_code == 503
