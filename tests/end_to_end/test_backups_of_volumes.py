"""Backups of a volume that a running guest writes to, full and incremental, restored after the volume is gone; and an
image of it, on real engines."""

import os

import pytest

from tests.end_to_end.clouds import Cloud, until

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(os.geteuid() != 0, reason="real guests and networks need root"),
    pytest.mark.usefixtures("in_order"),
]
FULL_MIB, CHANGED_MIB = 64, 4


class Kept:
    """What one test passes to the next."""

    address = ""
    sums: list[str]


@pytest.fixture(scope="module")
def kept() -> Kept:
    return Kept()


def in_guest(cloud: Cloud, kept: Kept, device: str) -> list[str]:
    """The checksums of the two files on a device's file system."""
    until(device, lambda: device in cloud.ssh(kept.address, "lsblk -rno NAME"))
    said = cloud.ssh(
        kept.address,
        f"sudo mkdir -p /look && sudo mount -o ro,noload /dev/{device} /look; cat /look/large /look/small | wc -c;"
        " md5sum /look/large /look/small | cut -c1-32; sudo umount /look",
    ).split()
    return said[1:]


def test_a_guest_writes_to_a_volume(furnished: Cloud, kept: Kept) -> None:
    cloud = furnished
    cloud.openstack(
        "server create --image small --flavor m1.tiny --network inside --key-name mine --security-group open keeper"
    )
    cloud.openstack("volume create --size 1 origin")
    cloud.wait_for_server("keeper", "ACTIVE")
    kept.address = cloud.floating_ip("keeper")
    cloud.wait_for_volume("origin", "available")
    cloud.openstack("server add volume keeper origin")
    cloud.wait_for_volume("origin", "in-use")
    until("the disk in the guest", lambda: "vdb" in cloud.ssh(kept.address, "lsblk -rno NAME"))
    cloud.ssh(
        kept.address,
        "sudo mke2fs /dev/vdb >/dev/null && sudo mount /dev/vdb /mnt"
        f" && sudo dd if=/dev/urandom of=/mnt/large bs=1M count={FULL_MIB} 2>/dev/null"
        f" && sudo dd if=/dev/urandom of=/mnt/small bs=1M count={CHANGED_MIB} 2>/dev/null && sync",
    )
    kept.sums = cloud.ssh(kept.address, "md5sum /mnt/large /mnt/small | cut -c1-32").split()


def test_it_is_backed_up_twice_while_it_is_in_use(furnished: Cloud, kept: Kept) -> None:
    cloud = furnished
    cloud.openstack("volume backup create --force --name full origin")
    until("the backup", lambda: cloud.value("volume backup show full", "status") == "available")
    assert cloud.wait_for_volume("origin", "in-use")
    cloud.ssh(
        kept.address,
        f"sudo dd if=/dev/urandom of=/mnt/small bs=1M count={CHANGED_MIB} conv=notrunc 2>/dev/null && sync",
    )
    kept.sums += cloud.ssh(kept.address, "md5sum /mnt/large /mnt/small | cut -c1-32").split()
    assert kept.sums[0] == kept.sums[2] and kept.sums[1] != kept.sums[3]
    cloud.openstack("volume backup create --force --incremental --name more origin")
    until("the second backup", lambda: cloud.value("volume backup show more", "status") == "available")
    size = {
        name: (cloud.data / "volume_backups" / f"{cloud.value(f'volume backup show {name}', 'id')}.qcow2").stat()
        for name in ("full", "more")
    }
    assert size["full"].st_blocks * 512 >= (FULL_MIB + CHANGED_MIB) << 20
    assert size["more"].st_blocks * 512 <= (CHANGED_MIB + 8) << 20
    cloud.ssh(kept.address, "sudo umount /mnt")


def test_an_image_of_it_starts_another_volume(furnished: Cloud, kept: Kept) -> None:
    cloud = furnished
    cloud.openstack("image create --volume origin --force --disk-format qcow2 picture")
    until("the image", lambda: cloud.value("image show picture", "status") == "active")
    cloud.openstack("volume create --size 1 --image picture printed")
    cloud.wait_for_volume("printed", "available")
    cloud.openstack("server add volume keeper printed")
    cloud.wait_for_volume("printed", "in-use")
    assert in_guest(cloud, kept, "vdc") == kept.sums[2:]
    cloud.openstack("server remove volume keeper printed")
    cloud.wait_for_volume("printed", "available")


def test_both_are_restored_after_the_volume_is_gone(furnished: Cloud, kept: Kept) -> None:
    cloud = furnished
    cloud.openstack("server remove volume keeper origin")
    cloud.wait_for_volume("origin", "available")
    cloud.openstack("volume delete origin printed")
    until("the volumes' end", lambda: not {"origin", "printed"} & set(cloud.openstack("volume list -f value").split()))
    for name, sums in (("full", kept.sums[:2]), ("more", kept.sums[2:])):
        restored = cloud.sdk().block_storage.restore_backup(
            cloud.value(f"volume backup show {name}", "id"), name=f"from-{name}"
        )
        cloud.wait_for_volume(f"from-{name}", "available")
        cloud.openstack(f"server add volume keeper {restored.volume_id}")
        cloud.wait_for_volume(f"from-{name}", "in-use")
        assert in_guest(cloud, kept, "vdb") == sums, name
        cloud.openstack(f"server remove volume keeper from-{name}")
        cloud.wait_for_volume(f"from-{name}", "available")
        until("its departure", lambda: "vdb" not in cloud.ssh(kept.address, "lsblk -rno NAME"))


def test_nothing_is_left(furnished: Cloud, kept: Kept) -> None:
    cloud = furnished
    cloud.openstack("server delete --wait keeper")
    cloud.openstack(f"floating ip delete {kept.address}")
    cloud.openstack("volume delete from-full from-more")
    cloud.openstack("image delete picture")
    cloud.openstack("volume backup delete more")
    until("the second backup's end", lambda: "more" not in cloud.openstack("volume backup list -f value -c Name"))
    cloud.openstack("volume backup delete full")
    until("no backup", lambda: cloud.openstack("volume backup list -f value") == "")
    until("no volume", lambda: cloud.openstack("volume list -f value") == "")
    assert list((cloud.data / "volume_backups").iterdir()) == []
    until("tables and world agree", lambda: cloud.audit() == [])
