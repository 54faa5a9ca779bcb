"""What a client does with a server and its disk: image, resize, rescue, shelving, rebuild; on real guests."""

import os

import pytest

from tests.end_to_end.clouds import Cloud, until

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(os.geteuid() != 0, reason="real guests and networks need root"),
    pytest.mark.usefixtures("in_order"),
]
NAME = "acting"
LONG = 900.0
"""Seconds for one step of a guest without KVM on a loaded machine."""
GIB = 1 << 30


class Acting:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.address = ""

    def ssh(self, command: str) -> str:
        return self.cloud.ssh(self.address, command, within=LONG)

    def reaches(self, *states: str) -> None:
        self.cloud.wait_for_server(NAME, *states, within=LONG)

    def disk(self, name: str = "vda") -> int:
        return int(self.ssh(f"lsblk -dbrno SIZE /dev/{name}"))


@pytest.fixture(scope="module")
def acting(furnished: Cloud) -> Acting:
    what = "--image small --flavor m1.tiny --network inside --key-name mine --security-group open"
    furnished.openstack(f"server create {what} {NAME}")
    furnished.wait_for_server(NAME, "ACTIVE", within=LONG)
    made = Acting(furnished)
    made.address = furnished.floating_ip(NAME)
    return made


def test_an_image_of_the_running_guest_holds_its_files(acting: Acting) -> None:
    cloud = acting.cloud
    acting.ssh("echo written | sudo tee /kept && sync")
    before = acting.ssh("cat /proc/sys/kernel/random/boot_id")
    cloud.openstack(f"server image create --name moment {NAME}")
    until("the image", lambda: cloud.value("image show moment", "status") == "active", within=LONG)
    acting.reaches("ACTIVE")
    assert acting.ssh("cat /proc/sys/kernel/random/boot_id") == before
    cloud.openstack("server create --image moment --flavor m1.tiny --network inside --key-name mine"
                    " --security-group open second")  # fmt: skip
    cloud.wait_for_server("second", "ACTIVE", within=LONG)
    assert cloud.ssh(cloud.floating_ip("second"), "cat /kept", within=LONG) == "written"
    cloud.openstack("server delete --wait second")


def test_a_resize_is_reverted_and_another_confirmed(acting: Acting) -> None:
    cloud = acting.cloud
    cloud.openstack(f"server resize --flavor m1.small {NAME}")
    acting.reaches("VERIFY_RESIZE")
    assert acting.disk() == 5 * GIB
    acting.ssh("echo lost | sudo tee /kept && sync")
    cloud.openstack(f"server resize revert {NAME}")
    acting.reaches("ACTIVE")
    assert acting.disk() == GIB and acting.ssh("cat /kept") == "written"
    cloud.openstack(f"server resize --flavor m1.small {NAME}")
    acting.reaches("VERIFY_RESIZE")
    cloud.openstack(f"server resize confirm {NAME}")
    acting.reaches("ACTIVE")
    assert acting.disk() == 5 * GIB and acting.ssh("cat /kept") == "written"


def test_a_rescued_guest_reaches_its_own_disk(acting: Acting) -> None:
    cloud = acting.cloud
    cloud.openstack(f"server rescue --image small {NAME}")
    acting.reaches("RESCUE")
    # Both disks have the same label, from which the guest chooses its root. So the disks themselves are compared.
    assert acting.disk("vda") < GIB and acting.disk("vdb") == 5 * GIB
    cloud.openstack(f"server unrescue {NAME}")
    acting.reaches("ACTIVE")
    assert acting.ssh("cat /kept") == "written"


def test_a_shelved_server_comes_back_with_its_files(acting: Acting) -> None:
    cloud = acting.cloud
    guests = len(cloud.pids("guest"))
    cloud.openstack(f"server shelve {NAME}")
    acting.reaches("SHELVED_OFFLOADED")
    assert len(cloud.pids("guest")) == guests - 1
    cloud.openstack(f"server unshelve {NAME}")
    acting.reaches("ACTIVE")
    assert acting.ssh("cat /kept") == "written" and acting.disk() == 5 * GIB


def test_a_rebuilt_server_is_new(acting: Acting) -> None:
    cloud = acting.cloud
    server_id = cloud.server(NAME).id
    cloud.openstack(f"server rebuild --image small {NAME}")
    acting.reaches("ACTIVE")
    until("the new disk", lambda: acting.ssh("ls /kept 2>/dev/null; true") == "", within=LONG)
    assert cloud.server(NAME).id == server_id
    cloud.openstack(f"server delete --wait {NAME}")
    cloud.openstack("image delete moment")
    until("tables and world to agree", lambda: cloud.audit() == [], within=LONG)
