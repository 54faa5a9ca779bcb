"""Hosts as versions until 2.42 show them."""

from tests.cloud import PROJECT
from tests.services.compute.world import World

HOSTS = "/compute/v2.1/os-hosts"


def test_hosts(world: World) -> None:
    cloud = world.cloud
    listed = cloud.get(HOSTS, as_="admin").json["hosts"]
    assert listed == [{"host_name": "host-1", "service": "compute", "zone": "nova"}]
    assert cloud.get(f"{HOSTS}?zone=nova", as_="admin").json["hosts"] == listed
    assert cloud.get(f"{HOSTS}?zone=", as_="admin").json["hosts"] == listed
    assert cloud.get(f"{HOSTS}?zone=x", as_="admin").json["hosts"] == []
    world.boot()
    shown = [each["resource"] for each in cloud.get(f"{HOSTS}/host-1", as_="admin").json["host"]]
    assert [each["project"] for each in shown] == ["(total)", "(used_now)", "(used_max)", PROJECT]
    assert [each["memory_mb"] for each in shown] == [262_144, 256, 256, 256]
    assert cloud.get(f"{HOSTS}/x", as_="admin").status_code == 404
    assert cloud.get(HOSTS).status_code == 403
    assert cloud.get(HOSTS, as_="admin", version="2.43").status_code == 404


def test_changes(world: World) -> None:
    cloud = world.cloud
    off = cloud.put(f"{HOSTS}/host-1", as_="admin", json={"status": "disable"})
    assert (off.status_code, off.json) == (200, {"host": "host-1", "status": "disabled"})
    assert cloud.get("/compute/v2.1/os-services", as_="admin").json["services"][0]["status"] == "disabled"
    assert cloud.put(f"{HOSTS}/host-1", as_="admin", json={"status": "x"}).status_code == 400
    assert cloud.put(f"{HOSTS}/host-1", as_="admin", json={}).status_code == 400
    assert cloud.put(f"{HOSTS}/host-1", as_="admin", json={"maintenance_mode": "enable"}).status_code == 501
    assert cloud.put(f"{HOSTS}/x", as_="admin", json={"status": "enable"}).status_code == 404
    for action in ("startup", "shutdown", "reboot"):
        assert cloud.get(f"{HOSTS}/host-1/{action}", as_="admin").status_code == 501
        assert cloud.get(f"{HOSTS}/x/{action}", as_="admin").status_code == 404
