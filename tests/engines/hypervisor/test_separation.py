"""Guests are kept apart by the kernel: a QEMU that somebody broke reaches no other guest's files and sockets."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from kumoi.engines.hypervisor.interface import GuestState
from kumoi.engines.hypervisor.qemu import process
from kumoi.engines.hypervisor.qemu.record import Place
from kumoi.kernel import accounts, durable, processes, randomness
from kumoi.kernel.fences import Fence
from tests.engines.hypervisor.contract import fence
from tests.engines.hypervisor.test_qemu import FILL_THE_DISK, House, bootable, house, started
from tests.waits import until

pytestmark = pytest.mark.real
__all__ = ["house"]


@contextmanager
def as_uid_of(house: House, server_id: str) -> Iterator[None]:
    """With all that the guest's QEMU has: its uid and its groups."""
    status = Path(f"/proc/{house.pid(server_id)}/status").read_text()
    held = {line.split(":")[0]: line.split(":")[1].split() for line in status.splitlines()}
    groups = os.getgroups()
    os.setgroups([int(group) for group in held["Groups"]])
    os.setegid(int(held["Gid"][0]))
    os.seteuid(int(held["Uid"][0]))
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def of_guest(house: House, server_id: str) -> tuple[Place, list[Path], list[Path]]:
    guest = house.hypervisor._guest(server_id)
    place = guest.place
    volumes = [guest.around.disk_path(disk) for disk in guest._here().spec.disks]
    return place, [place.console, place.pid, place.config_drive, *volumes], [place.monitor, place.screen]


def owner(path: Path) -> int:
    return path.stat().st_uid


def test_no_guest_can_open_the_files_and_sockets_of_another(house: House) -> None:
    first = started(house, disks=[house.disk()], config_drive=True).server_id
    second = started(house, disks=[house.disk()], config_drive=True).server_id
    more = house.disk()
    house.hypervisor.attach_disk(fence(second), second, more)
    _, files, sockets = of_guest(house, second)
    assert house.volumes.path(more.volume_id) in files

    def connect(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))

    with as_uid_of(house, second):
        for path in files:
            path.read_bytes()
        for path in sockets:
            connect(path)
    with as_uid_of(house, first):
        for path in files:
            with pytest.raises(PermissionError):
                os.open(path, os.O_RDONLY)
        for path in sockets:
            with pytest.raises(PermissionError):
                connect(path)
        for path in sockets:
            with pytest.raises(PermissionError):
                os.listdir(path.parent)


def test_a_guest_sees_only_its_own_part_of_the_cloud_and_changes_nothing_else(house: House) -> None:
    first, second = started(house, disks=[house.disk()]), started(house)
    disk = house.folder.data.with_name(f"{house.folder.data.name}-objects")
    house.settings.object_disks = f"a={disk}"
    for secret in (house.folder.keys, house.folder.database, disk):
        secret.mkdir()
        (secret / "secret").touch()
    third = started(house).server_id
    root = Path(f"/proc/{house.pid(first.server_id)}/root")
    inside = Path(str(root) + str(house.folder.guests))
    assert [entry.name for entry in inside.iterdir()] == [first.server_id]
    assert (inside / first.server_id / "console.log").exists()
    run = Path(str(root) + str(house.folder.run))
    assert sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_socket()) == [
        f"{kind}/{first.server_id}/s" for kind in ("qmp", "vnc")
    ]
    latest = Path(f"/proc/{house.pid(third)}/root")
    for secret in (house.folder.keys, house.folder.database, disk):
        assert list(Path(str(latest) + str(secret)).iterdir()) == []
    mounts = Path(f"/proc/{house.pid(second.server_id)}/mounts").read_text().splitlines()
    flags = {line.split()[1]: line.split()[3].split(",") for line in mounts}
    assert "ro" in flags["/"] and "nosuid" in flags["/"]
    assert "rw" in flags[str(house.folder.guests / second.server_id)]


def test_a_volume_goes_back_when_a_guest_no_longer_has_it(house: House) -> None:
    unused = accounts.numbers(accounts.GUEST)
    assert unused is not None
    extended, detached, left = (house.disk() for _ in range(3))
    places = [house.volumes.path(disk.volume_id) for disk in (extended, detached, left)]
    assert {owner(path) for path in places} == {unused[0]}
    id = started(house, disks=[extended, detached, left]).server_id
    uid = house.hypervisor._guest(id)._here().uid
    assert [owner(path) for path in places] == [uid] * 3
    house.hypervisor.power_off(fence(id), id)
    house.volumes.extend(Fence(f"volume/{extended.volume_id}", 2), extended.volume_id, 2)
    house.hypervisor.detach_disk(fence(id), id, detached.volume_id)
    assert [owner(path) for path in places] == [unused[0], unused[0], uid]
    house.hypervisor.destroy(fence(id), id)
    assert owner(places[2]) == unused[0]
    assert not (house.folder.run / "qmp" / id).exists() and not (house.folder.run / "vnc" / id).exists()


def test_a_snapshot_of_a_running_guests_volume_is_not_the_guests(house: House) -> None:
    disk = house.disk()
    started(house, disks=[disk])
    snapshot_id = randomness.new_uuid()
    house.volumes.snapshot(Fence(f"snapshot/{snapshot_id}", 1), disk.volume_id, snapshot_id)
    unused = accounts.numbers(accounts.GUEST)
    assert unused and owner(house.volumes._snapshot(snapshot_id)) == unused[0]


def test_a_uid_outlives_the_agent_and_is_given_to_no_other_guest(house: House) -> None:
    first = started(house).server_id
    uid = house.hypervisor._guest(first)._here().uid
    house.hypervisor.power_off(fence(first), first)
    house.restarted()
    second = started(house).server_id
    assert house.hypervisor._guest(second)._here().uid != uid
    house.hypervisor.start(fence(first), house.hypervisor._guest(first)._here().spec)
    assert house.hypervisor._guest(first)._here().uid == uid


def test_a_guest_of_an_older_version_gets_its_uid_when_it_starts_next(house: House) -> None:
    disk = house.disk()
    spec = started(house, disks=[disk], config_drive=True)
    guest = house.hypervisor._guest(spec.server_id)
    house.hypervisor.power_off(fence(spec.server_id), spec.server_id)
    unused = accounts.numbers(accounts.GUEST)
    assert unused is not None
    for path in (guest.place.console, guest.place.pid, guest.place.config_drive, house.volumes.path(disk.volume_id)):
        os.chown(path, *unused)
    durable.replace(guest.place.record, msgspec.json.encode(msgspec.structs.replace(guest._here(), uid=None)))
    for folder in (guest.place.monitor_folder, guest.place.screen_folder):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(folder))
    house.restarted()
    house.hypervisor.start(fence(spec.server_id), spec)
    assert house.hypervisor.state(spec.server_id) is GuestState.RUNNING
    uid = house.hypervisor._guest(spec.server_id)._here().uid
    _, files, _ = of_guest(house, spec.server_id)
    assert uid and {owner(path) for path in files} == {uid}


def test_a_guest_of_an_older_version_goes_on_during_an_upgrade(house: House) -> None:
    spec = started(house)
    place = house.hypervisor._guest(spec.server_id).place
    for folder in (place.monitor_folder, place.screen_folder):
        (folder / "s").rename(folder.with_suffix(".x"))
        folder.rmdir()
        folder.with_suffix(".x").rename(folder)
    assert place.monitor == place.monitor_folder
    assert house.restarted().state(spec.server_id) is GuestState.RUNNING
    house.hypervisor.power_off(fence(spec.server_id), spec.server_id)
    assert process.alive(place) is None and not place.monitor_folder.exists()


def test_a_guest_whose_disk_grows_leaves_the_reserve_free(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that only reads goes on. The guest needs 17 s for the reserve: as long as this test may be held up."""
    monkeypatch.setattr(durable, "RESERVE", 36 << 20)
    volumes = house.folder.volumes
    found = volumes.stat()
    own = f"mode={found.st_mode & 0o7777:o},uid={found.st_uid},gid={found.st_gid}"
    processes.run(["mount", "-t", "tmpfs", "-o", f"size=40m,{own}", "none", str(volumes)])
    try:
        quiet = started(house, disks=[house.disk()]).server_id
        spec = started(house, disks=[bootable(house, FILL_THE_DISK)])

        def full() -> bool:
            assert house.hypervisor.keep_room() <= 0.1
            return house.hypervisor.state(spec.server_id) is GuestState.PAUSED

        until(full)
        with house.hypervisor._guest(spec.server_id).talk() as qemu:
            assert qemu.ask("query-status")["status"] == "paused", "QEMU met a full disk"
        assert durable.spare(volumes) > -durable.RESERVE
        assert "is full" in house.hypervisor.reason(spec.server_id)
        assert house.hypervisor.state(quiet) is GuestState.RUNNING
        house.restarted().tend()
        assert house.hypervisor.state(spec.server_id) is GuestState.PAUSED
        processes.run(["mount", "-o", "remount,size=96m", str(volumes)])
        house.hypervisor.tend()
        assert house.hypervisor.state(spec.server_id) is GuestState.RUNNING
        assert house.hypervisor.reason(spec.server_id) == ""
        for server_id in (spec.server_id, quiet):
            house.hypervisor.destroy(fence(server_id), server_id)
    finally:
        processes.run(["umount", "--lazy", str(volumes)])
