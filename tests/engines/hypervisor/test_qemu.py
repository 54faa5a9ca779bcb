"""The contract with real QEMU processes, and tests that need them. Guests stop at their BIOS: no disk boots."""

import contextlib
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from kumoi.engines.hypervisor.interface import (
    Disk,
    GuestDevice,
    GuestMetadata,
    GuestSpec,
    GuestState,
    HypervisorError,
    NetworkSilent,
    Nic,
    RescueDisk,
    RootDisk,
)
from kumoi.engines.hypervisor.qemu import accelerator, hardware, memory, monitor, process, record, tap
from kumoi.engines.hypervisor.qemu.holder import Copies
from kumoi.engines.hypervisor.qemu.hypervisor import QemuHypervisor
from kumoi.engines.hypervisor.qemu.monitor import Monitor
from kumoi.engines.hypervisor.qemu.surroundings import Surroundings
from kumoi.engines.hypervisor.qemu.users import uids_of
from kumoi.engines.images import qcow2
from kumoi.engines.network.interface import Silent
from kumoi.engines.volumes.files import FileVolumes
from kumoi.engines.volumes.interface import FileSource, VolumesError
from kumoi.host import lifecycle
from kumoi.host.metadata.documents import config_drive
from kumoi.kernel import accounts, clock, durable, processes, randomness
from kumoi.kernel.fences import Fence
from kumoi.kernel.settings import Folder, Settings
from tests.engines.hypervisor.contract import HypervisorContract, fence, guest_spec, metadata
from tests.waits import PATIENCE, until

pytestmark = pytest.mark.real


class Taps:
    """Returns names of taps that do not exist: with `network=fake`, cards are not connected. `real`: creates them.
    `silent`: plugs none."""

    def __init__(self) -> None:
        self.real = self.silent = False
        self.plugs: set[str] = set()

    def name(self, port_id: str) -> str:
        return f"kt{port_id[:8]}"

    def plug(self, fence: Fence, port_id: str, mac: str, mtu: int) -> str:
        if self.silent:
            raise Silent("the switch is silent")
        if self.real and not tap.exists(self.name(port_id)):
            processes.run(["ip", "tuntap", "add", "dev", self.name(port_id), "mode", "tap"])
            processes.run(["ip", "link", "set", self.name(port_id), "up"])
        self.plugs.add(port_id)
        return self.name(port_id)

    def unplug(self, fence: Fence, port_id: str) -> None:
        if tap.exists(self.name(port_id)):
            processes.run(["ip", "link", "delete", self.name(port_id)])
        self.plugs.discard(port_id)


class House:
    """A data folder with a short path, and a hypervisor that can be created again, as a restarted agent does."""

    def __init__(self, data: Path) -> None:
        self.folder = Folder(data)
        for path in (self.folder.host, self.folder.images):
            path.mkdir()
        self.settings = Settings(cloud_id="abcdef", network="fake")
        self.wiring = Taps()
        self.published: dict[str, object] = {}
        self.hypervisor = self.restarted()
        self.volumes = FileVolumes(
            self.folder,
            user=self.hypervisor.around.user,
            holder=lambda volume_id: self.hypervisor.holder_of(volume_id),
        )

    def restarted(self) -> QemuHypervisor:
        self.hypervisor = QemuHypervisor(
            Surroundings(
                folder=self.folder,
                settings=self.settings,
                wiring=self.wiring,
                render=lambda metadata: config_drive(metadata, b"seed"),
                published=self.published.__setitem__,
            )
        )
        return self.hypervisor

    def disk(self) -> Disk:
        volume_id = randomness.new_uuid()
        self.volumes.create(Fence(f"volume/{volume_id}", 1), volume_id, 1, None, None)
        return Disk(volume_id, FileSource(volume_id))

    def pid(self, server_id: str) -> int | None:
        return process.alive(self.hypervisor._guest(server_id).place)

    def close(self) -> None:
        for server_id in list(self.hypervisor.guests):
            self.hypervisor.destroy(fence(server_id), server_id)


@pytest.fixture
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="k-", dir="/tmp") as data:
        os.chmod(data, 0o755)
        made = House(Path(data))
        yield made
        made.close()


class TestQemu(HypervisorContract):
    @pytest.fixture
    def hypervisor(self, house: House) -> QemuHypervisor:
        return house.hypervisor

    @pytest.fixture
    def new_disk(self, house: House) -> Callable[[], Disk]:
        return house.disk


def test_a_guest_reads_where_its_tagged_devices_are(house: House) -> None:
    first, second, plain = house.disk(), house.disk(), house.disk()
    nic = Nic(randomness.new_uuid(), "fa:16:3e:00:00:01", 1442, tag="outside")
    spec = msgspec.structs.replace(
        guest_spec(), disks=[plain, msgspec.structs.replace(first, tag="data")], nics=[nic], config_drive=True
    )
    order, id = fence(spec.server_id), spec.server_id

    def told() -> dict[str, GuestDevice]:
        published = house.published[id]
        assert isinstance(published, GuestMetadata)
        return {tag: device for device in published.devices for tag in device.tags}

    house.hypervisor.start(order, spec)
    card, disk = told()["outside"], told()["data"]
    assert (card.type, card.bus, card.mac) == ("nic", "pci", nic.mac)
    assert (disk.type, disk.bus, disk.serial, disk.path) == ("disk", "pci", first.volume_id[:20], "/dev/vdb")
    assert told().keys() == {"outside", "data"}
    image = house.hypervisor._guest(id).place.config_drive.read_bytes()
    assert all(address.encode() in image for address in (card.address, disk.address))
    with house.hypervisor._guest(id).talk() as qemu:
        (bus, *_) = qemu.ask("query-pci")
    at = {device["qdev_id"]: f"0000:00:{device['slot']:02x}.0" for device in bus["devices"]}
    assert at[f"nic-{nic.port_id}"] == card.address and at[f"disk-{first.volume_id}"] == disk.address

    name = house.hypervisor.attach_disk(order, id, msgspec.structs.replace(second, tag="more"))
    house.hypervisor.attach_nic(order, id, Nic(randomness.new_uuid(), "fa:16:3e:00:00:02", 1442, tag="inside"))
    assert told()["more"].path == name and told()["inside"].mac == "fa:16:3e:00:00:02"
    house.hypervisor.publish_metadata(order, id, metadata(id, "other"))
    assert told().keys() == {"outside", "data", "more", "inside"}
    house.hypervisor.power_off(order, id)
    house.hypervisor.detach_disk(order, id, first.volume_id)
    house.hypervisor.detach_nic(order, id, nic.port_id)
    assert told().keys() == {"more", "inside"}
    house.published.clear()
    house.restarted().start(order, house.hypervisor._guest(id)._here().spec)
    assert told().keys() == {"more", "inside"}


# 16-bit boot sectors: print K on the serial port and halt; or power off.
SAY_K = "baf803b04beeb00aeefaf4ebfd"
SAY_K_AND_RESET = "baf803b04beeb00aeeb0fee664faf4ebfd"
POWER_OFF = "ba0406b80020effaf4ebfd"


# Waits for 33 ms and writes one sector into the next 64 KiB (at most 2 MiB/s), forever; the disk address packet is at 0x40.
FILL_THE_DISK = (
    "31c08ed8be407c52b486b90000ba0080cd155ab443b000cd138106487c800083164a7c00ebe1".ljust(128, "0")
    + "10000100007c00008000000000000000"
)


def bootable(house: House, code: str) -> Disk:
    disk = house.disk()
    sector = house.folder.data / "sector"
    sector.write_bytes(bytes.fromhex(code).ljust(510, b"\0") + b"\x55\xaa")
    processes.run(["qemu-io", "-f", "qcow2", "-c", f"write -s {sector} 0 512", str(house.volumes.path(disk.volume_id))])
    return msgspec.structs.replace(disk, boot_index=0)


def started(house: House, **changes: object) -> GuestSpec:
    spec = msgspec.structs.replace(guest_spec(), **changes)
    house.hypervisor.start(fence(spec.server_id), spec)
    return spec


def said(house: House, spec: GuestSpec) -> int:
    return house.hypervisor.console_log(spec.server_id, None).count("K\n")


def test_qemu_outlives_the_agent_and_is_found_again(house: House) -> None:
    spec = started(house)
    pid = house.pid(spec.server_id)
    assert house.restarted().state(spec.server_id) is GuestState.RUNNING
    house.hypervisor.pause(fence(spec.server_id), spec.server_id)
    assert house.restarted().states() == {spec.server_id: GuestState.PAUSED}
    assert house.pid(spec.server_id) == pid is not None


def test_a_guest_that_a_full_disk_stopped_goes_on_when_there_is_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "RESERVE", 1 << 20)
    volumes = house.folder.volumes
    found = volumes.stat()
    own = f"mode={found.st_mode & 0o7777:o},uid={found.st_uid},gid={found.st_gid}"
    processes.run(["mount", "-t", "tmpfs", "-o", f"size=4m,{own}", "none", str(volumes)])
    try:
        spec = started(house, disks=[bootable(house, FILL_THE_DISK)])
        until(lambda: house.hypervisor.state(spec.server_id) is GuestState.PAUSED)
        assert "is full" in house.hypervisor.reason(spec.server_id)
        house.restarted().tend()
        assert house.hypervisor.state(spec.server_id) is GuestState.PAUSED
        processes.run(["mount", "-o", "remount,size=64m", str(volumes)])
        house.hypervisor.tend()
        assert house.hypervisor.state(spec.server_id) is GuestState.RUNNING
        assert house.hypervisor.reason(spec.server_id) == ""
        house.hypervisor.destroy(fence(spec.server_id), spec.server_id)
    finally:
        processes.run(["umount", "--lazy", str(volumes)])


def test_qemu_has_no_power(house: House) -> None:
    spec = started(house)
    pid = house.pid(spec.server_id)
    status = Path(f"/proc/{pid}/status").read_text()
    uid = house.hypervisor._guest(spec.server_id)._here().uid
    assert uid in uids_of(house.settings)
    assert f"Uid:\t{uid}\t{uid}" in status and f"Gid:\t{uid}\t{uid}" in status
    assert "CapEff:\t0000000000000000" in status and "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    assert os.fsencode(house.folder.data) in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert os.getsid(pid or 0) == pid
    place = house.hypervisor._guest(spec.server_id).place
    assert place.record.stat().st_mode & 0o777 == 0o600 and place.record.stat().st_uid == 0
    assert place.folder.stat().st_uid == 0
    assert Path(house.hypervisor.vnc_socket(spec.server_id)).stat().st_mode & 0o777 == 0o660


def test_the_control_plane_may_look_at_the_screen_and_at_nothing_else(house: House) -> None:
    spec = started(house)
    place = house.hypervisor._guest(spec.server_id).place
    screen = Path(house.hypervisor.vnc_socket(spec.server_id))

    def greeting(path: Path) -> bytes:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(path))
            return client.recv(12)

    with acting_as(accounts.CONTROL):
        assert greeting(screen) == b"RFB 003.008\n"
        for path in (place.monitor, place.record, place.console):
            with pytest.raises(PermissionError):
                greeting(path) if path is place.monitor else path.read_bytes()


@contextlib.contextmanager
def acting_as(user: str) -> Iterator[None]:
    numbers = accounts.numbers(user)
    assert numbers is not None
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(numbers[1])
    os.seteuid(numbers[0])
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def test_a_reboot_from_inside_stays_in_the_same_qemu(house: House) -> None:
    spec = started(house, disks=[bootable(house, SAY_K_AND_RESET)])
    pid = house.pid(spec.server_id)
    until(lambda: said(house, spec) >= 3)
    assert house.hypervisor.state(spec.server_id) is GuestState.RUNNING and house.pid(spec.server_id) == pid


def test_what_a_crash_left_half_made_is_removed(house: House) -> None:
    torn = house.folder.guests / randomness.new_uuid()
    torn.mkdir()
    (torn / "disk.qcow2.part").touch()
    spec = started(house)
    assert house.restarted().states() == {spec.server_id: GuestState.RUNNING}
    assert not torn.exists()


def test_a_qemu_that_dies_by_itself_has_failed_until_it_is_started_again(house: House) -> None:
    spec = started(house)
    os.kill(house.pid(spec.server_id) or 0, signal.SIGKILL)
    until(lambda: house.hypervisor.state(spec.server_id) is GuestState.FAILED)
    house.restarted().bring_up()
    assert house.hypervisor.state(spec.server_id) is GuestState.FAILED
    house.hypervisor.start(fence(spec.server_id), spec)
    assert house.hypervisor.state(spec.server_id) is GuestState.RUNNING


@pytest.mark.parametrize("agent_is_down", [False, True])
def test_a_guest_that_powers_itself_off_is_off(house: House, agent_is_down: bool) -> None:
    nic = Nic(randomness.new_uuid(), "fa:16:3e:00:00:01", 1442)
    spec = started(house, disks=[bootable(house, POWER_OFF)], nics=[nic])
    if agent_is_down:
        qemu = house.hypervisor._guest(spec.server_id)

        def is_off() -> bool:
            with qemu.talk() as asked:
                return bool(asked.ask("query-status")["status"] == "shutdown")

        until(is_off)
        house.restarted()
    until(lambda: house.hypervisor.states()[spec.server_id] is GuestState.OFF)
    assert house.pid(spec.server_id) is None
    assert house.wiring.plugs == set()
    house.hypervisor.bring_up()
    assert house.hypervisor.state(spec.server_id) is GuestState.OFF


def test_a_suspended_guest_goes_on_where_it_was(house: House) -> None:
    spec = started(house, disks=[bootable(house, SAY_K)], config_drive=True)
    until(lambda: said(house, spec) == 1)
    house.hypervisor.suspend(fence(spec.server_id), spec.server_id)
    assert house.pid(spec.server_id) is None
    house.restarted().start(fence(spec.server_id), spec)
    assert house.hypervisor.state(spec.server_id) is GuestState.RUNNING
    clock.sleep(0.7)
    assert said(house, spec) == 1, "it booted instead of going on"
    house.hypervisor.power_off(fence(spec.server_id), spec.server_id)
    house.hypervisor.start(fence(spec.server_id), spec)
    until(lambda: said(house, spec) == 2)


@pytest.mark.parametrize("crashed", ["suspending", "resuming"])
def test_an_agent_that_crashed_while_memory_moved(house: House, monkeypatch: pytest.MonkeyPatch, crashed: str) -> None:
    class Crash(BaseException):
        pass

    def crash(*_: object, **__: object) -> None:
        raise Crash

    spec = started(house, disks=[bootable(house, SAY_K)])
    order = fence(spec.server_id)
    until(lambda: said(house, spec) == 1)
    with monkeypatch.context() as patched, contextlib.suppress(Crash):
        if crashed == "suspending":
            patched.setattr(process, "end", crash)
            house.hypervisor.suspend(order, spec.server_id)
        else:
            house.hypervisor.suspend(order, spec.server_id)
            patched.setattr(memory, "wait_until_restored", crash)
            house.hypervisor.start(order, spec)
    again = house.restarted()
    assert house.pid(spec.server_id)
    if crashed == "suspending":
        again.suspend(order, spec.server_id)
        assert again.state(spec.server_id) is GuestState.SUSPENDED and house.pid(spec.server_id) is None
    again.start(order, spec)
    assert again.state(spec.server_id) is GuestState.RUNNING
    clock.sleep(0.5)
    assert said(house, spec) == 1, "it booted instead of going on"
    assert not again._guest(spec.server_id).place.memory.exists()


def test_a_cloud_that_goes_down_and_comes_up(house: House) -> None:
    running = started(house, disks=[bootable(house, SAY_K)])
    paused = started(house, disks=[bootable(house, SAY_K)])
    suspended, off = started(house), started(house)
    until(lambda: said(house, running) == said(house, paused) == 1)
    house.hypervisor.pause(fence(paused.server_id), paused.server_id)
    house.hypervisor.suspend(fence(suspended.server_id), suspended.server_id)
    house.hypervisor.power_off(fence(off.server_id), off.server_id)

    before = house.hypervisor.states()
    assert house.restarted().take_down(0.2) == [running.server_id]
    assert [house.pid(spec.server_id) for spec in (running, paused, suspended, off)] == [None] * 4
    assert house.restarted().states() == before, "while they come up, guests are not told to have failed"
    house.hypervisor.bring_up()
    assert house.hypervisor.states() == before
    assert house.pid(running.server_id) and house.pid(paused.server_id)
    until(lambda: said(house, running) == 2)
    house.hypervisor.unpause(fence(paused.server_id), paused.server_id)
    clock.sleep(0.5)
    assert said(house, paused) == 1, "it booted instead of going on"


def test_after_the_machine_itself_went_down_guests_boot(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = started(house)
    paused = started(house)
    house.hypervisor.pause(fence(paused.server_id), paused.server_id)
    for guest in (spec, paused):
        os.kill(house.pid(guest.server_id) or 0, signal.SIGKILL)
    until(lambda: house.pid(spec.server_id) is house.pid(paused.server_id) is None)
    monkeypatch.setattr(record, "_boot_id", "another boot")
    house.restarted().bring_up()
    assert house.hypervisor.state(spec.server_id) is GuestState.RUNNING
    assert house.hypervisor.state(paused.server_id) is GuestState.FAILED
    assert house.pid(paused.server_id) is None


def test_what_was_paused_in_a_backup_says_that_its_memory_is_lost_and_boots_when_started(house: House) -> None:
    running, paused = started(house), started(house)
    house.hypervisor.pause(fence(paused.server_id), paused.server_id)
    for guest in (running, paused):
        os.kill(house.pid(guest.server_id) or 0, signal.SIGKILL)
    until(lambda: house.pid(running.server_id) is house.pid(paused.server_id) is None)
    lifecycle.carry_over(house.folder)
    house.restarted().bring_up()
    assert house.hypervisor.state(running.server_id) is GuestState.RUNNING
    assert house.hypervisor.state(paused.server_id) is GuestState.FAILED
    assert "its memory was not saved" in house.hypervisor.reason(paused.server_id)
    house.hypervisor.power_off(fence(paused.server_id), paused.server_id)
    assert house.hypervisor.state(paused.server_id) is GuestState.OFF
    assert house.hypervisor.reason(paused.server_id) == ""
    house.hypervisor.start(fence(paused.server_id), paused)
    assert house.hypervisor.state(paused.server_id) is GuestState.RUNNING


def test_a_root_disk_on_an_image_and_a_config_drive(house: House) -> None:
    image_id = randomness.new_uuid()
    house.folder.bases.mkdir(exist_ok=True)
    base = house.folder.bases / image_id
    processes.run(["qemu-img", "create", "-q", "-f", "qcow2", str(base), "64M"])
    base.chmod(0o444)
    spec = started(house, root=RootDisk(image_id, 1), config_drive=True, disks=[house.disk()])
    place = house.hypervisor._guest(spec.server_id).place
    about = qcow2.read(place.disk)
    assert (about.virtual_size, about.backing) == (1 << 30, f"../../bases/{image_id}")
    assert house.hypervisor.attach_disk(fence(spec.server_id), spec.server_id, house.disk()) == "/dev/vdc"
    listed = processes.run(["isoinfo", "-i", str(place.config_drive), "-R", "-f"])
    assert "/openstack/latest/meta_data.json" in listed.split()
    assert "Volume id: config-2" in processes.run(["isoinfo", "-i", str(place.config_drive), "-d"])
    with pytest.raises(HypervisorError, match="is not prepared"):
        started(house, root=RootDisk(randomness.new_uuid(), 1))


def image_of(house: House, code: str) -> str:
    """The id of an image of 64 MiB whose first sector is the code."""
    image_id = randomness.new_uuid()
    house.folder.bases.mkdir(exist_ok=True)
    base = house.folder.bases / image_id
    raw = base.with_suffix(".raw")
    raw.write_bytes(bytes.fromhex(code).ljust(510, b"\0") + b"\x55\xaa")
    os.truncate(raw, 64 << 20)
    processes.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(base)])
    raw.unlink()
    base.chmod(0o444)
    return image_id


def test_a_root_disk_is_kept_grown_and_brought_back(house: House) -> None:
    spec = started(house, root=RootDisk(image_of(house, SAY_K), 1))
    order, place = fence(spec.server_id), house.hypervisor._guest(spec.server_id).place
    assert until(lambda: said(house, spec) == 1, 120.0)
    house.hypervisor.power_off(order, spec.server_id)
    house.hypervisor.keep_root(order, spec.server_id)
    large = msgspec.structs.replace(spec, root=RootDisk(spec.root.image_id, 2))  # type: ignore[union-attr]
    house.hypervisor.start(order, large)
    assert until(lambda: said(house, spec) == 2, 120.0)
    with house.hypervisor._guest(spec.server_id).talk() as qemu:
        sizes = {each["node-name"]: each["image"]["virtual-size"] for each in qemu.ask("query-named-block-nodes")}
    assert sizes[hardware.node_name(hardware.ROOT)] == 2 << 30
    assert qcow2.read(place.kept_disk).virtual_size == 1 << 30
    assert FileVolumes(house.folder, user=house.hypervisor.around.user)._used_bases() == {large.root.image_id}  # type: ignore[union-attr]
    house.hypervisor.power_off(order, spec.server_id)
    house.hypervisor.restore_root(order, spec.server_id)
    assert qcow2.read(place.disk).virtual_size == 1 << 30 and not place.kept_disk.exists()
    house.hypervisor.start(order, spec)
    assert until(lambda: said(house, spec) == 3, 120.0)
    house.hypervisor.power_off(order, spec.server_id)
    house.hypervisor.keep_root(order, spec.server_id)
    house.hypervisor.start(order, spec)
    house.hypervisor.forget_root(order, spec.server_id)
    assert not place.kept_disk.exists() and house.hypervisor.state(spec.server_id) is GuestState.RUNNING


@pytest.mark.parametrize("state", ["running", "paused", "off"])
def test_a_root_disk_is_copied_whole(house: House, state: str) -> None:
    spec = started(house, root=RootDisk(image_of(house, SAY_K), 1))
    order, copy_id = fence(spec.server_id), randomness.new_uuid()
    place = house.hypervisor._guest(spec.server_id).place
    assert until(lambda: said(house, spec) == 1, 120.0)
    if state == "paused":
        house.hypervisor.pause(order, spec.server_id)
    if state == "off":
        house.hypervisor.power_off(order, spec.server_id)
    path = Path(house.hypervisor.copy_root(order, spec.server_id, copy_id))
    assert house.hypervisor.copy_root(order, spec.server_id, copy_id) == str(path)
    about = qcow2.read(path)
    assert (about.virtual_size, about.backing) == (1 << 30, None) and not list(place.folder.glob("*.layer*"))
    assert path.stat().st_mode & 0o777 == 0o440
    compared = processes.run(["qemu-img", "compare", "-U", str(path), str(place.disk)])
    assert "identical" in compared
    assert house.hypervisor.state(spec.server_id) is GuestState(state)
    # The copy is an image's content, from which another guest starts.
    image_id = randomness.new_uuid()
    (house.folder.images / image_id).write_bytes(path.read_bytes())
    house.volumes.prepare_base(order, image_id, "qcow2")
    other = started(house, root=RootDisk(image_id, 1))
    assert until(lambda: said(house, other) == 1, 120.0)
    house.hypervisor.remove_copy(order, spec.server_id, copy_id)
    assert not path.exists()
    if state == "off":
        house.hypervisor.start(order, spec)
        assert until(lambda: said(house, spec) == 2, 120.0)


@pytest.mark.parametrize("last", [False, True])
def test_a_rescued_guest_boots_from_the_other_disk(house: House, last: bool) -> None:
    data = house.disk()
    spec = started(house, root=RootDisk(image_of(house, POWER_OFF), 1), disks=[data])
    order = fence(spec.server_id)
    assert until(lambda: house.hypervisor.state(spec.server_id) is GuestState.OFF, 120.0)
    rescued = msgspec.structs.replace(spec, rescue=RescueDisk(image_of(house, SAY_K), last=last))
    house.hypervisor.start(order, rescued)
    assert until(lambda: said(house, spec) == 1, 120.0)
    guest = house.hypervisor._guest(spec.server_id)
    machine = guest._here().hardware
    assert machine is not None and machine.device_name("rescue") == ("/dev/vdc" if last else "/dev/vda")
    assert machine.device_name("root") == ("/dev/vda" if last else "/dev/vdb")
    house.hypervisor.power_off(order, spec.server_id)
    house.hypervisor.start(order, spec)
    assert not guest.place.rescue_disk.exists()
    assert until(lambda: house.hypervisor.state(spec.server_id) is GuestState.OFF, 120.0)


def test_a_start_that_fails_says_why_and_keeps_nothing(house: House) -> None:
    nic = Nic(randomness.new_uuid(), "fa:16:3e:00:00:01", 1442)
    for changes, reason in (
        ({"memory_mib": 1 << 40, "nics": [nic]}, "QEMU did not start: .*memory"),
        ({"disks": [Disk("11111111-1111-1111-1111-111111111111", FileSource("nowhere"))]}, "volume nowhere"),
        ({"nics": [Nic(randomness.new_uuid(), "fa:16:3e:00:00:01", 1442)] * 12}, "no free slot|did not start"),
    ):
        spec = msgspec.structs.replace(guest_spec(), **changes)
        with pytest.raises(HypervisorError, match=reason):
            house.hypervisor.start(fence(spec.server_id), spec)
        assert house.pid(spec.server_id) is None and house.wiring.plugs == set()
        house.hypervisor.destroy(fence(spec.server_id), spec.server_id)
        assert not (house.folder.guests / spec.server_id).exists()


def test_a_switch_that_is_silent_is_asked_again(house: House) -> None:
    spec = msgspec.structs.replace(guest_spec(), nics=[Nic(randomness.new_uuid(), "fa:16:3e:00:00:01", 1442)])
    house.wiring.silent = True
    with pytest.raises(NetworkSilent, match="not plugged yet"):
        house.hypervisor.start(fence(spec.server_id), spec)
    assert house.pid(spec.server_id) is None
    house.wiring.silent = False
    house.hypervisor.start(fence(spec.server_id), spec)
    assert house.hypervisor.states() == {spec.server_id: GuestState.RUNNING}


def test_a_volume_grows_and_is_copied_while_a_guest_holds_it(house: House) -> None:
    disk = bootable(house, SAY_K)
    spec = started(house, disks=[disk])
    order = Fence(f"volume/{disk.volume_id}", 2)
    with pytest.raises(VolumesError, match="held"):
        house.volumes.delete(order, disk.volume_id)
    house.volumes.extend(order, disk.volume_id, 2)
    house.volumes.extend(order, disk.volume_id, 2)
    snapshot_id = randomness.new_uuid()
    house.volumes.snapshot(order, disk.volume_id, snapshot_id)
    copy = house.folder.snapshots / f"{snapshot_id}.qcow2"
    assert qcow2.read(copy).virtual_size == 2 << 30
    assert house.hypervisor.state(spec.server_id) is GuestState.RUNNING
    house.hypervisor.power_off(fence(spec.server_id), spec.server_id)
    assert house.hypervisor.holder_of(disk.volume_id) is None
    processes.run(["qemu-img", "compare", str(copy), str(house.volumes.path(disk.volume_id))])
    processes.run(["qemu-img", "check", str(copy)])
    assert house.hypervisor.detach_disk(fence(spec.server_id), spec.server_id, disk.volume_id)
    house.volumes.delete(order, disk.volume_id)


def dies(work: Callable[[], object]) -> None:
    """Runs work in an agent that is killed when it calls `die`. Nothing is cleaned up."""
    if (child := os.fork()) == 0:
        with contextlib.suppress(BaseException):
            work()
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def die(*_: object, **__: object) -> None:
    os._exit(0)


def jobs_and_copies(house: House, spec: GuestSpec) -> list[str]:
    with house.hypervisor._guest(spec.server_id).talk() as qemu:
        nodes = [node["node-name"] for node in qemu.ask("query-named-block-nodes", flat=True)]
        return [job["id"] for job in qemu.ask("query-jobs")] + [name for name in nodes if name.startswith("copy-")]


def slowly(monkeypatch: pytest.MonkeyPatch, commands: dict[str, dict[str, object]]) -> None:
    real = Monitor.ask_with

    def ask_with(self: Monitor, command: str, arguments: dict[str, object], descriptor: int | None = None) -> object:
        return real(self, command, {**arguments, **commands.get(command, {})}, descriptor)

    monkeypatch.setattr(Monitor, "ask_with", ask_with)


def left_by_a_dead_agent(house: House, monkeypatch: pytest.MonkeyPatch, state: str) -> tuple[GuestSpec, Disk]:
    """A guest whose disk was being copied by an agent that died."""
    disk = house.disk()
    path = str(house.volumes.path(disk.volume_id))
    processes.run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 0 32M", path])
    spec = started(house, disks=[disk])
    with monkeypatch.context() as patched:
        if state == "at work":
            slowly(patched, {"blockdev-backup": {"speed": 1 << 20}})
        patched.setattr(Copies, "_wait", die)
        dies(lambda: house.volumes.snapshot(Fence(f"volume/{disk.volume_id}", 1), disk.volume_id, disk.volume_id))
    assert len(jobs_and_copies(house, spec)) == 2
    house.restarted()
    house.volumes = FileVolumes(house.folder, user=house.hypervisor.around.user, holder=house.hypervisor.holder_of)
    return spec, disk


@pytest.mark.parametrize("state", ["at work", "ended"])
def test_a_copy_that_a_dead_agent_began_is_begun_anew(
    house: House, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    spec, disk = left_by_a_dead_agent(house, monkeypatch, state)
    house.volumes.snapshot(Fence(f"volume/{disk.volume_id}", 1), disk.volume_id, disk.volume_id)
    assert jobs_and_copies(house, spec) == []
    copy = house.folder.snapshots / f"{disk.volume_id}.qcow2"
    house.hypervisor.power_off(fence(spec.server_id), spec.server_id)
    processes.run(["qemu-img", "compare", str(copy), str(house.volumes.path(disk.volume_id))])


@pytest.mark.parametrize("state", ["at work", "ended"])
def test_a_copy_that_a_dead_agent_began_ends_when_the_next_one_wakes(
    house: House, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    spec, _ = left_by_a_dead_agent(house, monkeypatch, state)
    house.hypervisor.bring_up()
    assert jobs_and_copies(house, spec) == []
    assert house.hypervisor.state(spec.server_id) is GuestState.RUNNING


@pytest.mark.parametrize("draft", ["there", "gone"])
def test_a_memory_that_qemu_was_writing_when_the_agent_died(
    house: House, monkeypatch: pytest.MonkeyPatch, draft: str
) -> None:
    spec = started(house, disks=[bootable(house, SAY_K)], memory_mib=256)
    order, place = fence(spec.server_id), house.hypervisor._guest(spec.server_id).place
    until(lambda: said(house, spec) == 1)
    again = restarted_while_saving(house, monkeypatch, spec)
    again.bring_up()
    with again._guest(spec.server_id).talk() as qemu:
        assert qemu.ask("query-migrate")["status"] == "active"
        qemu.ask("migrate-set-parameters", max_bandwidth=4 << 20)
    if draft == "gone":
        place.memory_draft.unlink()
    again.suspend(order, spec.server_id)
    assert again.state(spec.server_id) is GuestState.SUSPENDED and house.pid(spec.server_id) is None
    again.start(order, spec)
    assert again.state(spec.server_id) is GuestState.RUNNING
    clock.sleep(0.5)
    assert said(house, spec) == 1, "it booted instead of going on"


def restarted_while_saving(house: House, monkeypatch: pytest.MonkeyPatch, spec: GuestSpec) -> QemuHypervisor:
    """The hypervisor of a restarted agent. The previous one died while it slowly saved the guest's memory."""
    with monkeypatch.context() as patched:
        slowly(patched, {"migrate-set-parameters": {"max-bandwidth": 1 << 16}})
        patched.setattr(memory, "_wait_for_migration", die)
        dies(lambda: house.hypervisor.suspend(fence(spec.server_id), spec.server_id))
    return house.restarted()


def test_a_guest_whose_memory_cannot_be_saved_by_the_next_agent_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = started(house)
    order = fence(spec.server_id)
    again = restarted_while_saving(house, monkeypatch, spec)
    monkeypatch.setattr(memory, "WITHIN", 0.3)
    with pytest.raises(HypervisorError, match="could not be saved"):
        again.suspend(order, spec.server_id)
    assert again.state(spec.server_id) is GuestState.RUNNING


def test_a_guest_that_is_let_go_on_instead_of_being_suspended_is_not_stopped_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = started(house)
    order = fence(spec.server_id)
    again = restarted_while_saving(house, monkeypatch, spec)
    assert again.state(spec.server_id) is GuestState.PAUSED
    again.unpause(order, spec.server_id)
    with again._guest(spec.server_id).talk() as qemu:
        assert qemu.ask("query-migrate")["status"] == "cancelled"
    assert again.state(spec.server_id) is GuestState.RUNNING
    again.suspend(order, spec.server_id)
    assert again.state(spec.server_id) is GuestState.SUSPENDED


def test_a_disk_that_qemu_still_holds_is_asked_for_again(house: House) -> None:
    """As right after a release: the device is gone, but its block node exists for a moment longer."""
    spec, disk = started(house), house.disk()
    server_id, node = spec.server_id, hardware.node_name(disk.volume_id)
    guest = house.hypervisor._guest(server_id)
    talk = guest.talk
    guest.around.hand_over(house.volumes.path(disk.volume_id), guest._here().uid)
    with talk() as qemu:
        qemu.ask_with("blockdev-add", hardware.block_node(disk.volume_id, house.volumes.path(disk.volume_id)))
        qemu.ask("nbd-server-start", addr={"type": "unix", "data": {"path": str(guest.place.monitor_folder / "nbd")}})
        qemu.ask_with("block-export-add", {"type": "nbd", "id": "held", "node-name": node})
    assert house.hypervisor.detach_disk(fence(server_id), server_id, disk.volume_id) is False
    with talk() as qemu:
        qemu.ask("nbd-server-stop")
    assert house.hypervisor.detach_disk(fence(server_id), server_id, disk.volume_id) is True


def reset(house: House, spec: GuestSpec) -> None:
    """A reset guest without an operating system releases requested devices."""
    with house.hypervisor._guest(spec.server_id).talk() as qemu:
        qemu.ask("system_reset")


def devices(house: House, spec: GuestSpec) -> set[str]:
    with house.hypervisor._guest(spec.server_id).talk() as qemu:
        return {entry["name"] for entry in qemu.ask("qom-list", path="/machine/peripheral")}


def test_what_a_paused_guest_was_not_asked_for_it_keeps_when_it_goes_on(house: House) -> None:
    disk, nic = house.disk(), Nic(randomness.new_uuid(), "fa:16:3e:00:00:01", 1442)
    spec = started(house, disks=[disk], nics=[nic])
    order, id = fence(spec.server_id), spec.server_id
    house.hypervisor.pause(order, id)
    assert house.hypervisor.detach_disk(order, id, disk.volume_id) is False
    assert house.hypervisor.detach_nic(order, id, nic.port_id) is False
    house.hypervisor.unpause(order, id)
    reset(house, spec)
    clock.sleep(0.5)
    assert {f"disk-{disk.volume_id}", f"nic-{nic.port_id}"} <= devices(house, spec)
    house.hypervisor.tend()
    assert house.hypervisor.disks() == {id: [disk.volume_id]} and house.hypervisor.cards() == {id: [nic.port_id]}


@pytest.mark.parametrize("agent_restarts", [False, True])
def test_what_leaves_when_nobody_waits_for_it_any_more_is_not_the_guests(house: House, agent_restarts: bool) -> None:
    disk, nic, kept = house.disk(), Nic(randomness.new_uuid(), "fa:16:3e:00:00:01", 1442), house.disk()
    spec = started(house, disks=[disk, kept], nics=[nic])
    order, id = fence(spec.server_id), spec.server_id
    assert house.hypervisor.detach_disk(order, id, disk.volume_id) is False
    assert house.hypervisor.detach_nic(order, id, nic.port_id) is False
    if agent_restarts:
        house.restarted()
    house.hypervisor.tend()
    assert house.hypervisor.disks() == {id: [disk.volume_id, kept.volume_id]}
    reset(house, spec)
    until(lambda: not {f"disk-{disk.volume_id}", f"nic-{nic.port_id}"} & devices(house, spec))
    house.hypervisor.tend()
    assert house.hypervisor.disks() == {id: [kept.volume_id]} and house.hypervisor.cards() == {id: []}
    assert house.hypervisor.holder_of(disk.volume_id) is None and nic.port_id not in house.wiring.plugs
    house.volumes.delete(Fence(f"volume/{disk.volume_id}", 2), disk.volume_id)
    house.hypervisor.attach_nic(order, id, nic)
    assert house.hypervisor._guest(id)._here().leaving == []


def test_a_plug_that_is_not_answered_may_have_happened(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, disk, nic = started(house), house.disk(), Nic(randomness.new_uuid(), "fa:16:3e:00:00:01", 1442)
    order, id = fence(spec.server_id), spec.server_id
    real = Monitor.ask_with

    def unheard(self: Monitor, command: str, arguments: dict[str, object], descriptor: int | None = None) -> object:
        answer = real(self, command, arguments, descriptor)
        if command == "device_add":
            raise monitor.Silent("QEMU does not answer device_add within 10 s")
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(Monitor, "ask_with", unheard)
        for plug in (
            lambda: house.hypervisor.attach_disk(order, id, disk),
            lambda: house.hypervisor.attach_nic(order, id, nic),
        ):
            with pytest.raises(HypervisorError, match="device_add"):
                plug()
    assert {f"disk-{disk.volume_id}", f"nic-{nic.port_id}"} <= devices(house, spec)
    assert house.hypervisor.disks() == {id: [disk.volume_id]} and house.hypervisor.cards() == {id: [nic.port_id]}
    house.hypervisor.suspend(order, id)
    house.hypervisor.start(order, spec)
    assert house.hypervisor.state(id) is GuestState.RUNNING


def test_taps_are_opened_at_boot_and_when_plugged_later(house: House) -> None:
    house.wiring.real = True
    name = house.wiring.name

    def carrier(port_id: str) -> bool:
        return Path(f"/sys/class/net/{name(port_id)}/carrier").read_text() == "1\n"

    first, second = (Nic(randomness.new_uuid(), f"fa:16:3e:00:00:0{i}", 1442) for i in (1, 2))
    spec = started(house, nics=[first])
    order = fence(spec.server_id)
    assert carrier(first.port_id)
    house.hypervisor.attach_nic(order, spec.server_id, second)
    house.hypervisor.attach_nic(order, spec.server_id, second)
    assert carrier(second.port_id)
    house.hypervisor.suspend(order, spec.server_id)
    assert not tap.exists(name(first.port_id)) and not tap.exists(name(second.port_id))
    house.hypervisor.start(order, spec)
    assert carrier(first.port_id) and carrier(second.port_id)
    house.hypervisor.destroy(order, spec.server_id)
    assert not tap.exists(name(first.port_id)) and not tap.exists(name(second.port_id))


def test_the_probe_tells_a_working_accelerator(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert accelerator.boots("tcg")
    monkeypatch.setattr(accelerator, "_BOOT_SECTOR", bytes(510) + b"\x55\xaa")
    monkeypatch.setattr(accelerator, "PROBE_WITHIN", 0.5)
    assert not accelerator.boots("tcg")


def test_the_verdict_is_kept_for_this_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(accelerator, "kvm_may_work", lambda: True)
    monkeypatch.setattr(accelerator, "boots", lambda kind, user: asked.append(kind) or True)
    for _ in range(2):
        assert accelerator.choose("auto", tmp_path / "accelerator.json", None) == "kvm"
    assert accelerator.choose("tcg", tmp_path / "accelerator.json", None) == "tcg"
    assert asked == ["kvm"]
