"""A server from its image to its deletion, with the stock client, on real engines."""

import json
import os
import signal

import pytest

from tests.end_to_end.clouds import Cloud, pinging, until

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(os.geteuid() != 0, reason="real guests and networks need root"),
    pytest.mark.usefixtures("in_order"),
]
ROUND = "kumoi-data-of-a-guest"
CONTROL_PLANE = ("api", "runner", "streams", "agent", "front")


class Life:
    """What one test passes to the next: the cloud, addresses of servers, output of guests."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.addresses: dict[str, str] = {}
        self.boots: dict[str, str] = {}
        self.bootstrapped: dict[str, int] = {}

    def boot_id(self, name: str) -> str:
        return self.cloud.boot_id(self.addresses[name])


@pytest.fixture(scope="module")
def life(made_clouds: list[Cloud]) -> Life:
    cloud = Cloud()
    made_clouds.append(cloud)
    return Life(cloud)


def test_the_cloud_starts_and_is_empty(life: Life) -> None:
    life.cloud.up()
    assert life.cloud.status()["healthy"]
    assert life.cloud.audit() == []
    assert life.cloud.holdings() == []
    life.bootstrapped = life.cloud.rows()


def test_a_server_is_made_and_reached(life: Life) -> None:
    cloud = life.cloud
    cloud.furnish()
    what = "--image small --flavor m1.tiny --network inside --key-name mine --security-group open"
    for name in ("one", "two", "three"):
        cloud.openstack(f"server create {what} --property role={name} {name}")
    for name in ("one", "two", "three"):
        cloud.wait_for_server(name, "ACTIVE")
        life.addresses[name] = cloud.floating_ip(name)
    told = json.loads(
        cloud.ssh(life.addresses["one"], "wget -qO- http://169.254.169.254/openstack/latest/meta_data.json")
    )
    assert told["uuid"] == cloud.server("one").id
    assert told["name"] == "one"
    assert told["meta"] == {"role": "one"}
    assert cloud.ssh(life.addresses["one"], "hostname") == "one"
    until("a login prompt", lambda: "login" in cloud.openstack("console log show one"))


def test_a_volume_is_plugged_into_the_running_guest(life: Life) -> None:
    cloud, address = life.cloud, life.addresses["one"]
    cloud.openstack("volume create --size 1 disk")
    cloud.wait_for_volume("disk", "available")
    assert "vdb" not in cloud.ssh(address, "lsblk -rno NAME")
    assert cloud.value("server add volume one disk", "Device") == "/dev/vdb"
    cloud.wait_for_volume("disk", "in-use")
    until("the disk in the guest", lambda: "vdb 1073741824" in cloud.ssh(address, "lsblk -brno NAME,SIZE"))
    cloud.ssh(
        address,
        f"sudo mke2fs /dev/vdb >/dev/null && sudo mount /dev/vdb /mnt && echo {ROUND} | sudo tee /mnt/it && sync",
    )
    cloud.ssh(address, f"echo {ROUND} > it && sync")


def test_a_snapshot_of_the_plugged_volume_becomes_a_volume(life: Life) -> None:
    cloud, address = life.cloud, life.addresses["one"]
    # without a version, this client omits `force`; with it, the SDK sends it
    cloud.openstack("--os-volume-api-version 3.65 volume snapshot create --volume disk --force moment")
    until("the snapshot", lambda: cloud.value("volume snapshot show moment", "status") == "available")
    cloud.ssh(address, "echo later | sudo tee /mnt/it && sync")
    cloud.openstack("volume create --snapshot moment copy")
    cloud.wait_for_volume("copy", "available")
    cloud.openstack("server add volume one copy")
    cloud.wait_for_volume("copy", "in-use")
    until("the copy in the guest", lambda: "vdc" in cloud.ssh(address, "lsblk -rno NAME"))
    cloud.ssh(address, "sudo mkdir -p /copy && sudo mount -o ro /dev/vdc /copy")
    assert cloud.ssh(address, "cat /copy/it") == ROUND
    assert cloud.ssh(address, "cat /mnt/it") == "later"
    cloud.ssh(address, "sudo umount /copy")
    cloud.openstack("server remove volume one copy")
    cloud.wait_for_volume("copy", "available")
    until("the copy's departure", lambda: "vdc" not in cloud.ssh(address, "lsblk -rno NAME"))


def test_the_plugged_volume_grows_under_the_guest(life: Life) -> None:
    cloud, address = life.cloud, life.addresses["one"]
    cloud.openstack("--os-volume-api-version 3.42 volume set --size 2 disk")
    until("a larger disk in the guest", lambda: "vdb 2147483648" in cloud.ssh(address, "lsblk -brno NAME,SIZE"))
    assert cloud.wait_for_volume("disk", "in-use").size == 2
    assert cloud.ssh(address, "cat /mnt/it") == "later"


def test_a_card_goes_with_its_port(life: Life) -> None:
    cloud, address = life.cloud, life.addresses["one"]
    cloud.openstack("network create beside")
    # with two gateways, or two cards in one subnet, the guest would reply through the wrong one
    cloud.openstack("subnet create --network beside --subnet-range 10.78.0.0/24 --gateway none beside")
    cloud.openstack("port create --network beside further")
    cloud.openstack("server add port one further")
    until("a second card", lambda: "eth1" in cloud.ssh(address, "ls /sys/class/net").split())
    mac = cloud.value("port show further", "mac_address")
    assert cloud.ssh(address, "cat /sys/class/net/eth1/address") == mac
    taps = len(cloud.taps())
    cloud.openstack("port delete further")
    until("one card in the guest", lambda: "eth1" not in cloud.ssh(address, "ls /sys/class/net").split())
    until("the tap to follow", lambda: len(cloud.taps()) == taps - 1)
    assert cloud.wait_for_server("one", "ACTIVE").addresses.keys() == {"inside"}
    cloud.openstack("network delete beside")
    until("the world to follow", lambda: cloud.audit() == [])


def test_power(life: Life) -> None:
    cloud, address = life.cloud, life.addresses["one"]
    cloud.ssh(address, "sudo umount /mnt")
    first = cloud.boot_id(address)
    cloud.openstack("server reboot --soft one")
    until("another boot", lambda: cloud.boot_id(address) != first)
    cloud.wait_for_server("one", "ACTIVE")
    second = cloud.boot_id(address)
    cloud.openstack("server reboot --hard one")
    cloud.wait_for_server("one", "ACTIVE")
    until("another boot", lambda: cloud.boot_id(address) != second)
    cloud.openstack("server stop one")
    cloud.wait_for_server("one", "SHUTOFF")
    assert len(cloud.pids("guest")) == 2
    cloud.openstack("server start one")
    cloud.wait_for_server("one", "ACTIVE")
    assert cloud.ssh(address, "cat it") == ROUND
    assert cloud.ssh(address, "sudo mount /dev/vdb /mnt && cat /mnt/it") == "later"


def test_pause_and_suspend_keep_the_memory(life: Life) -> None:
    cloud = life.cloud
    for name in ("two", "three"):
        life.boots[name] = life.boot_id(name)
    cloud.openstack("server pause two")
    cloud.wait_for_server("two", "PAUSED")
    assert cloud.try_ssh(life.addresses["two"], "true", within=4) is None
    cloud.openstack("server unpause two")
    cloud.wait_for_server("two", "ACTIVE")
    assert life.boot_id("two") == life.boots["two"]
    before = len(cloud.pids("guest"))
    cloud.openstack("server suspend three")
    cloud.wait_for_server("three", "SUSPENDED")
    assert len(cloud.pids("guest")) == before - 1
    cloud.openstack("server resume three")
    cloud.wait_for_server("three", "ACTIVE")
    assert life.boot_id("three") == life.boots["three"]


def test_the_control_plane_is_killed_while_it_works(life: Life) -> None:
    cloud, address = life.cloud, life.addresses["one"]
    life.boots["one"] = life.boot_id("one")
    with pinging(address):
        cloud.openstack("server create --image small --flavor m1.tiny --network inside --key-name mine four")
        cloud.openstack("volume create --size 1 second")
        killed = cloud.kill("api", "runner", "agent")
        assert len(killed) >= 3
        until(
            "all of it again", lambda: cloud.status()["healthy"] and not cloud.pids("api", "runner", "agent") & killed
        )
        cloud.wait_for_server("four", "ACTIVE")
        cloud.wait_for_volume("second", "available")
    assert life.boot_id("one") == life.boots["one"]


def test_guests_go_on_without_any_control_plane(life: Life) -> None:
    cloud, address = life.cloud, life.addresses["one"]
    three = cloud.server("three").id
    with pinging(address):
        # stop every process that could restart others
        for pid in cloud.pids("supervisor"):
            os.kill(pid, signal.SIGSTOP)
        for pid in [
            int(line.split()[0]) for line in cloud.processes() if any(part in line for part in ("kumoi.", "nginx"))
        ]:
            os.kill(pid, signal.SIGKILL)
        assert cloud.ssh(address, "echo without >> it && sync && cat it").endswith("without")
        cloud.try_ssh(life.addresses["three"], "sudo poweroff")
        console = cloud.data / "guests" / three / "console.log"
        until("three is off", lambda: console.read_text(errors="replace").strip().endswith("Power down"))
        assert sum("kumoi." in line for line in cloud.processes()) == 0
        cloud.up()
        cloud.wait_for_server("three", "SHUTOFF")
    assert life.boot_id("one") == life.boots["one"]
    cloud.openstack("server start three")
    cloud.wait_for_server("three", "ACTIVE")
    until("tables and world agree", lambda: cloud.audit() == [])


def test_a_restart_of_the_control_plane(life: Life) -> None:
    with pinging(life.addresses["one"]):
        life.cloud.kumoi("restart")
        assert life.cloud.status()["healthy"]
        life.cloud.openstack("server set --property after=restart one")
    assert life.boot_id("one") == life.boots["one"]


def test_backup_and_the_whole_cloud_goes_down(life: Life) -> None:
    cloud = life.cloud
    cloud.openstack("server delete --wait four")
    cloud.openstack("server create --image small --flavor m1.tiny --network inside --key-name mine off")
    cloud.wait_for_server("off", "ACTIVE")
    cloud.openstack("server stop off")
    cloud.openstack("server pause two")
    cloud.openstack("server suspend three")
    cloud.wait_for_server("off", "SHUTOFF")
    cloud.wait_for_server("two", "PAUSED")
    cloud.wait_for_server("three", "SUSPENDED")
    cloud.ssh(life.addresses["one"], "echo saved >> it && sync")
    with pinging(life.addresses["one"], lost=20):
        cloud.kumoi("backup", cloud.home / "backup.tgz")
    assert cloud.status()["healthy"]
    until("tables and world agree", lambda: cloud.audit() == [])
    assert life.boot_id("one") == life.boots["one"]
    cloud.ssh(life.addresses["one"], "echo after >> it && sync")
    cloud.down()
    assert cloud.processes() == []
    assert cloud.kernel_things() == []


def test_a_restored_backup_is_the_same_cloud(life: Life, made_clouds: list[Cloud]) -> None:
    first = life.cloud
    second = Cloud(external_cidr=first.settings["external_cidr"])
    made_clouds.append(second)
    second.key = first.key
    second.kumoi("restore", first.home / "backup.tgz")
    second.up()
    assert "127.0.0.1:" + str(second.port) in (second.data / "clouds.yaml").read_text()
    assert second.cloud_id == first.cloud_id
    second.wait_for_server("one", "ACTIVE")
    assert second.ssh(life.addresses["one"], "cat it").splitlines()[-1] == "saved"
    assert second.ssh(life.addresses["one"], "sudo mount /dev/vdb /mnt && cat /mnt/it") == "later"
    for name, state in (("off", "SHUTOFF"), ("three", "SUSPENDED")):
        assert second.server(name).status == state, name
    assert {volume.name for volume in second.sdk().block_storage.volumes()} == {"disk", "copy", "second"}
    until("tables and world agree", lambda: second.audit() == [])
    second.close()
    made_clouds.remove(second)


def test_up_again_brings_back_what_was(life: Life) -> None:
    cloud = life.cloud
    cloud.up()
    assert cloud.server("off").status == "SHUTOFF"
    cloud.wait_for_server("one", "ACTIVE")
    assert cloud.ssh(life.addresses["one"], "cat it").splitlines()[-1] == "after"
    assert cloud.ssh(life.addresses["one"], "sudo mount /dev/vdb /mnt && cat /mnt/it") == "later"
    assert life.boot_id("one") != life.boots["one"]
    cloud.wait_for_server("two", "PAUSED")
    cloud.openstack("server unpause two")
    assert life.boot_id("two") == life.boots["two"]
    cloud.wait_for_server("three", "SUSPENDED")
    cloud.openstack("server resume three")
    cloud.wait_for_server("three", "ACTIVE")
    assert cloud.server("off").status == "SHUTOFF"
    until("tables and world agree", lambda: cloud.audit() == [])


def test_nothing_is_left_of_what_is_deleted(life: Life) -> None:
    cloud = life.cloud
    cloud.openstack("server delete --wait one two three off")
    for volume in ("disk", "copy"):
        cloud.wait_for_volume(volume, "available")
    cloud.openstack("volume snapshot delete moment")
    until("no snapshot", lambda: not list(cloud.sdk().block_storage.snapshots()))
    cloud.openstack("volume delete disk copy second")
    until("no volume", lambda: not list(cloud.sdk().block_storage.volumes()))
    cloud.openstack(f"floating ip delete {' '.join(life.addresses.values())}")
    cloud.openstack("router remove subnet way-out inside")
    cloud.openstack("router unset --external-gateway way-out")
    cloud.openstack("router delete way-out")
    cloud.openstack("network delete inside")
    cloud.openstack("security group delete open")
    cloud.openstack("keypair delete mine")
    cloud.openstack("image delete small")
    assert cloud.openstack("server list -f value") == ""
    assert cloud.openstack("volume list -f value") == ""
    assert cloud.holdings() == []
    until("the world to follow", lambda: cloud.audit() == [])
    assert cloud.pids("guest") == set()
    assert cloud.taps() == []
    for folder in ("guests", "volumes", "snapshots", "images", "bases"):
        assert [path.name for path in (cloud.data / folder).glob("*")] == [], folder
    ports = cloud.ovn("--format=csv", "--no-headings", "--columns=name,type", "list", "Logical_Switch_Port").split()
    assert [line for line in ports if "localnet" not in line] == []
    assert cloud.ovn("lr-list") == ""
    assert cloud.rows() == life.bootstrapped


def test_down_leaves_the_data_folder_alone(life: Life) -> None:
    life.cloud.down()
    assert life.cloud.processes() == []
    assert life.cloud.kernel_things() == []
