"""Failures around a real cloud end in states that a user can act on, and nothing is left over."""

import os
import time

import pytest

from tests.end_to_end.clouds import Cloud, pinging, until

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(os.geteuid() != 0, reason="real guests and networks need root"),
]
BOOT = "server create --network inside --key-name mine --security-group open"


def nothing_is_left(cloud: Cloud) -> None:
    """No server, and nothing that one used."""
    until("no server", lambda: not list(cloud.sdk().compute.servers()))
    until("tables and world agree", lambda: cloud.audit() == [])
    assert cloud.pids("guest") == set()
    assert cloud.taps() == []
    assert list((cloud.data / "guests").iterdir()) == []
    assert [port.id for port in cloud.sdk("kumoi").network.ports(device_owner="compute:nova")] == []
    placement = cloud.sdk("kumoi").placement
    for provider in placement.get("/resource_providers").json()["resource_providers"]:
        assert set(placement.get(f"/resource_providers/{provider['uuid']}/usages").json()["usages"].values()) <= {0}


def failed(cloud: Cloud, name: str) -> str:
    """Why the server is in ERROR."""
    found = cloud.wait_for_server(name, "ERROR")
    assert found.fault["message"]
    assert "Traceback" not in found.fault["message"]
    return str(found.fault["message"])


def test_a_server_too_large_for_every_host(furnished: Cloud) -> None:
    cloud = furnished
    cloud.openstack("flavor create --ram 256 --disk 10000000 --vcpus 1 enormous", cloud="kumoi")
    cloud.openstack(f"{BOOT} --image small --flavor enormous big")
    said = failed(cloud, "big")
    assert "host" in said
    cloud.openstack("server delete --wait big")
    nothing_is_left(cloud)


def test_an_image_whose_file_is_gone(furnished: Cloud) -> None:
    cloud = furnished
    image = cloud.home / "image.raw"
    with image.open("wb") as file:
        file.truncate(1 << 20)
    cloud.openstack(f"image create --disk-format raw --container-format bare --file {image} lost")
    identity = cloud.value("image show lost", "id")
    (cloud.data / "images" / identity).unlink()
    cloud.openstack(f"{BOOT} --image lost --flavor m1.tiny hollow")
    assert "image" in failed(cloud, "hollow")
    assert cloud.pids("guest") == set()
    assert cloud.taps() == []
    cloud.openstack("server delete --wait hollow")
    cloud.openstack("image delete lost")
    nothing_is_left(cloud)


def test_deletion_while_it_boots(furnished: Cloud) -> None:
    cloud = furnished
    compute = cloud.sdk().compute
    small = {
        "image_id": cloud.sdk().image.find_image("small").id,
        "flavor_id": compute.find_flavor("m1.tiny").id,
        "networks": [{"uuid": cloud.sdk().network.find_network("inside").id}],
    }
    for number, after in enumerate((0.0, 0.1, 0.3, 0.6, 1.2)):
        made = compute.create_server(name=f"brief-{number}", **small)
        time.sleep(after)
        compute.delete_server(made)
    nothing_is_left(cloud)


def test_a_guest_that_is_killed(furnished: Cloud) -> None:
    cloud = furnished
    cloud.openstack(f"{BOOT} --image small --flavor m1.tiny one")
    cloud.wait_for_server("one", "ACTIVE")
    address = cloud.floating_ip("one")
    cloud.ssh(address, "echo kept > it && sync")
    assert len(cloud.kill("guest")) == 1
    killed = cloud.wait_for_server("one", "SHUTOFF")
    compute = cloud.sdk().compute
    latest = compute.get(f"/servers/{killed.id}/os-instance-actions").json()["instanceActions"][0]
    path = f"/servers/{killed.id}/os-instance-actions/{latest['request_id']}"
    (event,) = compute.get(path, microversion="2.84").json()["instanceAction"]["events"]
    assert "ended unexpectedly" in event["details"]
    until("tables and world agree", lambda: cloud.audit() == [])
    cloud.openstack("server start one")
    cloud.wait_for_server("one", "ACTIVE")
    assert cloud.ssh(address, "cat it") == "kept"


def test_ovns_daemons_are_killed(furnished: Cloud) -> None:
    """Nothing is lost when they die, except packets when the forwarding daemon dies. Later changes work."""
    cloud = furnished
    names = ("ovn-controller", "ovn-northd", "ovn-northbound", "ovn-southbound", "ovs-database")
    address = next(iter(cloud.sdk().network.ips())).floating_ip_address
    with pinging(address):
        killed = cloud.kill(*names)
        assert len(killed) == len(names)
        until("all of them again", lambda: len(cloud.pids(*names) - killed) == len(names))
        until("the cloud is healthy", lambda: cloud.status()["healthy"])
        cloud.openstack(f"{BOOT} --image small --flavor m1.tiny two")
        cloud.wait_for_server("two", "ACTIVE")
    other = cloud.floating_ip("two")
    assert cloud.ssh(other, "hostname") == "two"
    until("tables and world agree", lambda: cloud.audit() == [])


def test_the_switch_is_killed(furnished: Cloud) -> None:
    """Packets stop with it and flow again with the next, without anybody's doing."""
    cloud = furnished
    addresses = [found.floating_ip_address for found in cloud.sdk().network.ips()]
    cloud.kill("ovs-vswitchd")
    for address in addresses:
        assert cloud.ssh(address, "hostname") in ("one", "two")
    cloud.openstack("server delete --wait one two")
    cloud.openstack(f"floating ip delete {' '.join(addresses)}")
    nothing_is_left(cloud)
