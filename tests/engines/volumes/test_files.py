"""Volumes as qcow2 files, against the real qemu-img."""

import contextlib
import errno
import os
import signal
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from kumoi.engines.images import qcow2
from kumoi.engines.images.receiving import Received
from kumoi.engines.volumes.files import FileVolumes
from kumoi.engines.volumes.interface import Inventory, VolumesError
from kumoi.kernel import accounts, clock, durable, processes
from kumoi.kernel.fences import Busy
from kumoi.kernel.randomness import new_uuid
from kumoi.kernel.settings import Folder
from tests.engines.volumes.contract import FENCE, GIB, Holding, VolumesContract
from tests.living import living
from tests.waits import PATIENCE, ended, until


@pytest.fixture
def folder() -> Iterator[Folder]:
    """A data folder that other users can pass through, as a cloud's is."""
    with tempfile.TemporaryDirectory(prefix="k-", dir="/tmp") as made:
        Path(made).chmod(0o711)
        Path(made, "images").mkdir(mode=0o700)
        yield Folder(Path(made))


@pytest.fixture
def holding() -> Holding:
    return Holding()


@pytest.fixture
def volumes(folder: Folder, holding: Holding) -> FileVolumes:
    return FileVolumes(folder, user=None, holder=holding.find)


@pytest.fixture
def store(folder: Folder) -> Path:
    return folder.images


@pytest.fixture
def image(folder: Folder) -> str:
    return make_image(folder, "qcow2", "1G", write="write -P 0x11 0 1M")


def make_image(folder: Folder, disk_format: str, size: str, *options: str, write: str = "") -> str:
    """The id of an image in the store with a pattern in it; `disk_format` in qemu's words."""
    image_id = new_uuid()
    place = folder.images / image_id
    processes.run(["qemu-img", "create", "-q", "-f", disk_format, *options, str(place), size])
    if write:
        io(place, write, disk_format)
    return image_id


def io(place: Path, command: str, disk_format: str = "qcow2") -> str:
    said = processes.run(["qemu-io", "-f", disk_format, "-c", command, str(place)])
    assert "failed" not in said and "error" not in said.lower(), said
    return said


def has(place: Path, pattern: int, offset: str = "0", length: str = "1M") -> bool:
    return "Pattern verification failed" not in processes.run(
        ["qemu-io", "-r", "-f", "qcow2", "-c", f"read -P {pattern} {offset} {length}", str(place)]
    )


def impatient(volumes: FileVolumes) -> Callable[[str, str], contextlib.AbstractContextManager[None]]:
    """Holds the lock of a volume, snapshot or image. Others wait only briefly."""
    volumes.turns.patience = 0.01
    return lambda kind, identifier: volumes.turns.of(f"{kind} {identifier}")


def leftovers(folder: Folder) -> list[str]:
    return [str(p) for p in folder.data.rglob("*") if ".part" in p.name or ".source" in p.name]


class TestFileVolumes(VolumesContract):
    @pytest.fixture
    def volumes(self, folder: Folder, holding: Holding) -> FileVolumes:
        return FileVolumes(folder, user=None, holder=holding.find)

    @pytest.fixture
    def again(self, folder: Folder) -> Callable[[], FileVolumes]:
        return lambda: FileVolumes(folder, user=None)

    @pytest.fixture
    def working(self, volumes: FileVolumes) -> Callable[[str, str], contextlib.AbstractContextManager[None]]:
        return impatient(volumes)

    @pytest.fixture
    def image(self, folder: Folder) -> str:
        return make_image(folder, "qcow2", "1G")


@pytest.mark.real
@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
class TestFileVolumesOfAnotherUser(VolumesContract):
    """As in a cloud: root keeps the files; an unprivileged user owns them and runs qemu-img."""

    @pytest.fixture
    def volumes(self, folder: Folder, holding: Holding) -> FileVolumes:
        return FileVolumes(folder, user="nobody", holder=holding.find)

    @pytest.fixture
    def again(self, folder: Folder) -> Callable[[], FileVolumes]:
        return lambda: FileVolumes(folder, user="nobody")

    @pytest.fixture
    def working(self, volumes: FileVolumes) -> Callable[[str, str], contextlib.AbstractContextManager[None]]:
        return impatient(volumes)

    @pytest.fixture
    def image(self, folder: Folder) -> str:
        return make_image(folder, "qcow2", "1G")

    def test_disks_are_the_guests_users_alone_and_bases_nobodys_to_change(
        self, volumes: FileVolumes, folder: Folder, image: str
    ) -> None:
        volume, snapshot, raw = new_uuid(), new_uuid(), make_image(folder, "raw", "1M")
        volumes.prepare_base(FENCE, image, "qcow2")
        volumes.prepare_base(FENCE, raw, "raw")
        volumes.create(FENCE, volume, 1, image, None)
        volumes.snapshot(FENCE, volume, snapshot)
        for disk in (volumes.path(volume), folder.snapshots / f"{snapshot}.qcow2"):
            assert disk.owner() == "nobody"
            assert stat.S_IMODE(disk.stat().st_mode) == 0o600
        for base in (folder.bases / image, folder.bases / raw, folder.bases / f"{raw}.raw"):
            assert base.owner() == "root"
            assert stat.S_IMODE(base.stat().st_mode) == 0o444
        for place in (folder.volumes, folder.snapshots, folder.bases):
            assert (place.owner(), stat.S_IMODE(place.stat().st_mode)) == ("root", 0o710)

    def test_qemu_img_has_no_power_of_roots(self, volumes: FileVolumes, folder: Folder) -> None:
        roots = folder.volumes / "roots"
        roots.touch(0o600)
        with pytest.raises(VolumesError, match="Permission denied"):
            volumes.qemu_img.create(roots, GIB)


def test_an_unknown_user_is_said(folder: Folder) -> None:
    with pytest.raises(VolumesError, match="no-such-user"):
        FileVolumes(folder, user="no-such-user")


def test_a_volume_of_an_image_shares_its_base_and_is_thin(volumes: FileVolumes, folder: Folder, image: str) -> None:
    volume = new_uuid()
    volumes.prepare_base(FENCE, image, "qcow2")
    assert os.path.samefile(folder.bases / image, folder.images / image)
    volumes.create(FENCE, volume, 5, image, None)
    header = qcow2.read(volumes.path(volume))
    assert (header.backing, header.backing_format, header.virtual_size) == (f"../bases/{image}", "qcow2", 5 * GIB)
    assert volumes.path(volume).stat().st_size < 1 << 20
    assert has(volumes.path(volume), 0x11)
    io(volumes.path(volume), "write -P 0x22 0 1M")
    assert has(folder.bases / image, 0x11)


def test_an_image_may_go_while_volumes_stand_on_it(volumes: FileVolumes, folder: Folder, image: str) -> None:
    volume = new_uuid()
    volumes.prepare_base(FENCE, image, "qcow2")
    volumes.create(FENCE, volume, 1, image, None)
    (folder.images / image).unlink()
    assert has(volumes.path(volume), 0x11)


def test_a_data_folder_may_move(volumes: FileVolumes, folder: Folder, image: str) -> None:
    volume = new_uuid()
    volumes.prepare_base(FENCE, image, "qcow2")
    volumes.create(FENCE, volume, 1, image, None)
    with tempfile.TemporaryDirectory(prefix="k-", dir="/tmp") as other:
        moved = Path(other, "moved")
        folder.data.rename(moved)
        try:
            assert has(moved / "volumes" / f"{volume}.qcow2", 0x11)
        finally:
            moved.rename(folder.data)


def test_a_snapshot_keeps_its_instant(volumes: FileVolumes, folder: Folder, image: str) -> None:
    volume, snapshot, second = new_uuid(), new_uuid(), new_uuid()
    volumes.prepare_base(FENCE, image, "qcow2")
    volumes.create(FENCE, volume, 1, image, None)
    io(volumes.path(volume), "write -P 0x22 0 1M")
    volumes.snapshot(FENCE, volume, snapshot)
    io(volumes.path(volume), "write -P 0x33 0 1M")
    volumes.create(FENCE, second, 4, None, snapshot)
    volumes.delete_snapshot(FENCE, snapshot)
    assert has(volumes.path(second), 0x22)
    assert has(volumes.path(second), 0, "2G", "1M")
    assert has(volumes.path(volume), 0x33)
    assert qcow2.read(volumes.path(second)).virtual_size == 4 * GIB


def test_growing_keeps_the_content(volumes: FileVolumes) -> None:
    volume = new_uuid()
    volumes.create(FENCE, volume, 1, None, None)
    io(volumes.path(volume), "write -P 0x44 1023M 1M")
    volumes.extend(FENCE, volume, 2)
    assert has(volumes.path(volume), 0x44, "1023M")
    assert qcow2.read(volumes.path(volume)).virtual_size == 2 * GIB


def test_a_held_volume_is_copied_by_its_holder(volumes: FileVolumes, folder: Folder, image: str) -> None:
    volume, snapshot = new_uuid(), new_uuid()
    volumes.prepare_base(FENCE, image, "qcow2")
    volumes.create(FENCE, volume, 2, image, None)

    class Guest:
        def resize(self, size_bytes: int) -> None: ...

        def copy(self, to: Path) -> None:
            header = qcow2.read(to)
            assert (header.virtual_size, header.backing) == (2 * GIB, f"../bases/{image}")
            io(to, "write -P 0x55 0 1M")

    volumes.holder = lambda _: Guest()
    volumes.snapshot(FENCE, volume, snapshot)
    assert has(folder.snapshots / f"{snapshot}.qcow2", 0x55)


def test_a_holder_that_fails_leaves_no_snapshot(volumes: FileVolumes, folder: Folder, holding: Holding) -> None:
    class Broken(Holding):
        def copy(self, to: Path) -> None:
            raise VolumesError("the guest died")

    volume = new_uuid()
    volumes.create(FENCE, volume, 1, None, None)
    volumes.holder = lambda _: Broken()
    with pytest.raises(VolumesError, match="the guest died"):
        volumes.snapshot(FENCE, volume, new_uuid())
    assert volumes.inventory().snapshots == []
    assert leftovers(folder) == []


def test_nobody_opens_or_changes_a_volume_while_it_is_being_copied(volumes: FileVolumes, folder: Folder) -> None:
    volume, copied, may_end = new_uuid(), threading.Event(), threading.Event()

    class Slow(Holding):
        def copy(self, to: Path) -> None:
            copied.set()
            assert may_end.wait(PATIENCE)

    volumes.create(FENCE, volume, 1, None, None)
    volumes.turns.patience = 0.01
    volumes.holder = lambda _: Slow()
    first = threading.Thread(target=volumes.snapshot, args=(FENCE, volume, new_uuid()))
    first.start()
    assert copied.wait(PATIENCE)
    for call in (
        lambda: volumes.connect(FENCE, volume),
        lambda: volumes.snapshot(FENCE, volume, new_uuid()),
        lambda: volumes.extend(FENCE, volume, 2),
        lambda: volumes.delete(FENCE, volume),
    ):
        with pytest.raises(Busy):
            call()
    may_end.set()
    ended(first)
    volumes.connect(FENCE, volume)
    assert len(volumes.inventory().snapshots) == 1 and leftovers(folder) == []


def test_a_copy_is_not_kept_when_somebody_wrote_meanwhile(
    volumes: FileVolumes, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest that is just starting opens the disk during the copy."""
    volume, snapshot = new_uuid(), new_uuid()
    volumes.create(FENCE, volume, 1, None, None)
    run = processes.run

    def beside(command: list[str], **how: object) -> str:
        said = run(command, **how)  # type: ignore[arg-type]
        if command[0] == "cp":
            with monkeypatch.context() as patch:
                patch.setattr(processes, "run", run)
                io(volumes.path(volume), "write -P 0x66 0 1M")
        return said

    with monkeypatch.context() as patch:
        patch.setattr(processes, "run", beside)
        with pytest.raises(Busy, match="written"):
            volumes.snapshot(FENCE, volume, snapshot)
    assert volumes.inventory().snapshots == [] and leftovers(folder) == []
    volumes.snapshot(FENCE, volume, snapshot)
    assert has(folder.snapshots / f"{snapshot}.qcow2", 0x66)


@contextlib.contextmanager
def opened_by_qemu(place: Path) -> Iterator[None]:
    """A QEMU process that the engine does not know has the disk open for writing."""
    socket = place.parent.parent / "nbd.sock"
    command = ["qemu-nbd", "-f", "qcow2", "-k", str(socket), "-t", str(place)]
    child = os.posix_spawn("/usr/bin/qemu-nbd", command, dict(os.environ))
    try:
        until(socket.exists)
        yield
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


def test_no_second_writer_even_when_nobody_said_who_holds_it(volumes: FileVolumes) -> None:
    volume = new_uuid()
    volumes.create(FENCE, volume, 1, None, None)
    with opened_by_qemu(volumes.path(volume)):
        for call in (
            lambda: volumes.extend(FENCE, volume, 2),
            lambda: volumes.snapshot(FENCE, volume, new_uuid()),
            lambda: volumes.delete(FENCE, volume),
        ):
            with pytest.raises(VolumesError, match="open in a process"):
                call()
    volumes.delete(FENCE, volume)


# Images of every kind.


def test_raw_bytes_are_taken_as_they_are_even_when_they_look_like_qcow2(volumes: FileVolumes, folder: Folder) -> None:
    secret = folder.data / "secret"
    secret.write_bytes(b"s" * 4096)
    image_id = make_image(folder, "qcow2", "1M", "-b", str(secret), "-F", "raw")
    disk, volume = (folder.images / image_id).read_bytes(), new_uuid()
    assert volumes.prepare_base(FENCE, image_id, "raw").virtual_size == -(-len(disk) // 512) * 512
    volumes.create(FENCE, volume, 1, image_id, None)
    assert "QFI" in io(volumes.path(volume), "read -v 0 512")
    assert sorted(volumes.inventory().bases) == [image_id]
    volumes.delete(FENCE, volume)
    assert volumes.drop_unused_bases(FENCE, []) == [image_id]
    assert list(folder.bases.iterdir()) == []


def test_a_raw_image_of_an_odd_size(volumes: FileVolumes, folder: Folder) -> None:
    image_id, volume = new_uuid(), new_uuid()
    (folder.images / image_id).write_bytes(b"\x66" * 1000)
    assert volumes.prepare_base(FENCE, image_id, "raw").virtual_size == 1024
    volumes.create(FENCE, volume, 1, image_id, None)
    assert has(volumes.path(volume), 0x66, "0", "1000")


@pytest.mark.parametrize(("ours", "qemus"), [("vmdk", "vmdk"), ("vhd", "vpc"), ("vhdx", "vhdx"), ("vdi", "vdi")])
def test_other_formats_are_converted(volumes: FileVolumes, folder: Folder, ours: str, qemus: str) -> None:
    image_id, volume = make_image(folder, qemus, "64M", write="write -P 0x77 0 1M"), new_uuid()
    assert volumes.prepare_base(FENCE, image_id, ours).virtual_size >= 64 << 20
    assert qcow2.read(folder.bases / image_id).backing is None
    volumes.create(FENCE, volume, 1, image_id, None)
    assert has(volumes.path(volume), 0x77)


def test_a_compressed_image_is_unpacked_once(volumes: FileVolumes, folder: Folder, image: str) -> None:
    packed = new_uuid()
    processes.run(["qemu-img", "convert", "-c", "-O", "qcow2", str(folder.images / image), str(folder.images / packed)])
    volumes.prepare_base(FENCE, packed, "qcow2")
    checked = processes.run(["qemu-img", "check", "--output=json", str(folder.bases / packed)])
    assert "compressed-clusters" not in msgspec.json.decode(checked)
    assert has(folder.bases / packed, 0x11)


def test_a_hostile_qcow2_is_refused(volumes: FileVolumes, folder: Folder) -> None:
    backed = make_image(folder, "qcow2", "1M", "-b", "/etc/passwd", "-F", "raw")
    data_file = make_image(folder, "qcow2", "1M", "-o", f"data_file={folder.data / 'outside'}")
    encrypted = make_image(folder, "qcow2", "1M")
    with (folder.images / encrypted).open("r+b") as file:
        file.seek(32)
        file.write(b"\0\0\0\1")
    cut = make_image(folder, "qcow2", "1G")
    os.truncate(folder.images / cut, 70_000)
    junk = new_uuid()
    (folder.images / junk).write_bytes(b"not a disk at all")
    damaged = make_image(folder, "qcow2", "1G", write="write 0 1M")
    with (folder.images / damaged).open("r+b") as file:
        file.seek(qcow2_l1(folder.images / damaged))
        file.write(b"\x80\x00\x00\x00\x00\x01\x00\x00")
    for image_id, reason in (
        (backed, "backing file"),
        (data_file, "data file"),
        (encrypted, "encrypted"),
        (cut, "cut short"),
        (junk, "no sound qcow2"),
        (damaged, "damaged"),
    ):
        with pytest.raises(VolumesError, match=reason):
            volumes.prepare_base(FENCE, image_id, "qcow2")
    assert volumes.inventory().bases == []
    assert leftovers(folder) == []


def qcow2_l1(place: Path) -> int:
    return int.from_bytes(place.read_bytes()[40:48], "big")


def test_a_vmdk_that_names_other_files_is_refused(volumes: FileVolumes, folder: Folder) -> None:
    image_id = new_uuid()
    (folder.images / image_id).write_text(
        '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\n'
        'RW 8 FLAT "/etc/passwd" 0\n'
    )
    with pytest.raises(VolumesError, match="vmdk"):
        volumes.prepare_base(FENCE, image_id, "vmdk")
    assert volumes.inventory().bases == []


def test_some_of_the_disk_stays_free(volumes: FileVolumes, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "RESERVE", 1 << 60)
    with pytest.raises(VolumesError, match="disk of the host is full"):
        volumes.create(FENCE, new_uuid(), 1, None, None)
    assert list(folder.volumes.iterdir()) == []


@pytest.mark.parametrize("other_file_system", [False, True])
@pytest.mark.parametrize("disk_format", ["raw", "qcow2", "vmdk"])
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_file_that_is_linked_into_the_store_is_no_image(
    volumes: FileVolumes, folder: Folder, disk_format: str, link: Callable[[Path, Path], None], other_file_system: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    secret = folder.data / "secret"
    secret.write_bytes(b"secret" * 1000)
    secret.chmod(0o600)
    if link is os.link:
        if os.geteuid() != 0 or other_file_system:
            pytest.skip("files of the store's owner are its own")
        os.chown(folder.images, accounts.numbers("nobody")[0], -1)  # type: ignore[index]
    image_id = new_uuid()
    link(secret, folder.images / image_id)
    if other_file_system:
        monkeypatch.setattr(os, "link", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EXDEV, "cross-device")))
    with pytest.raises((VolumesError, OSError)):
        volumes.prepare_base(FENCE, image_id, disk_format)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600 and secret.stat().st_uid == os.getuid()
    assert list(folder.bases.iterdir()) == []


def test_a_store_on_another_file_system_is_copied(folder: Folder) -> None:
    with tempfile.TemporaryDirectory(prefix="k-", dir="/dev/shm") as elsewhere:
        if os.stat(elsewhere).st_dev == folder.data.stat().st_dev:
            pytest.skip("/dev/shm is no file system of its own")
        folder.images = Path(elsewhere)
        image_id = make_image(folder, "qcow2", "1G", write="write -P 0x11 0 1M")
        volumes = FileVolumes(folder, user=None)
        volumes.prepare_base(FENCE, image_id, "qcow2")
    assert has(folder.bases / image_id, 0x11)
    assert leftovers(folder) == []


# Bad luck.


def test_what_a_crash_left_goes_at_the_next_start(volumes: FileVolumes, folder: Folder, image: str) -> None:
    raw = make_image(folder, "raw", "1M")
    (folder.bases / f"{raw}.raw").write_bytes(b"x")
    for place in (folder.volumes, folder.snapshots, folder.bases):
        (place / f"{image}.qcow2.part").write_bytes(b"x")
    anew = FileVolumes(folder, user=None)
    assert anew.inventory() == Inventory([], [], [])
    assert [list(place.iterdir()) for place in (folder.volumes, folder.snapshots, folder.bases)] == [[], [], []]


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_killed_at_any_instant_a_disk_is_there_whole_or_not_at_all(folder: Folder, image: str, after: float) -> None:
    volume, snapshot = new_uuid(), new_uuid()
    child = os.fork()
    if not child:
        try:
            engine = FileVolumes(folder, user=None)
            engine.prepare_base(FENCE, image, "qcow2")
            engine.create(FENCE, volume, 1, image, None)
            engine.snapshot(FENCE, volume, snapshot)
        finally:
            os._exit(0)
    clock.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    until(lambda: not living(folder.data), "the end of a qemu-img that outlived its parent")
    engine = FileVolumes(folder, user=None)
    assert leftovers(folder) == []
    for _ in range(2):
        engine.prepare_base(FENCE, image, "qcow2")
        engine.create(FENCE, volume, 1, image, None)
        engine.snapshot(FENCE, volume, snapshot)
    assert has(volumes_path := engine.path(volume), 0x11), volumes_path
    assert engine.inventory() == Inventory([volume], [snapshot], [image])


def test_a_command_that_takes_too_much_is_ended(volumes: FileVolumes, monkeypatch: pytest.MonkeyPatch) -> None:
    source = volumes.volumes / "source.raw"
    source.write_bytes(os.urandom(4 << 20))
    to = volumes.volumes / "to"
    monkeypatch.setattr("kumoi.engines.volumes.qemu_img._METADATA", 1 << 20)
    with pytest.raises(VolumesError, match="larger than a file may be"):
        volumes.qemu_img.convert(source, "raw", to, 1 << 20)


@pytest.mark.real
@pytest.mark.skipif(os.getuid() != 0, reason="needs root to mount a small file system")
def test_a_full_disk_leaves_nothing_half_made(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "RESERVE", 0)
    small = folder.data / "small"
    small.mkdir()
    processes.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0711", "tmpfs", str(small)])
    try:
        full = Folder(small)
        full.images = folder.images
        engine = FileVolumes(full, user="nobody")
        image_id, random_bytes = new_uuid(), os.urandom(12 << 20)
        (folder.images / image_id).write_bytes(random_bytes)
        with pytest.raises(VolumesError, match="disk of the host is full"):
            engine.prepare_base(FENCE, image_id, "raw")
        volume = new_uuid()
        engine.create(FENCE, volume, 1, None, None)
        io(engine.path(volume), "write -P 0x88 0 5M")
        with pytest.raises(VolumesError, match="disk of the host is full"):
            engine.snapshot(FENCE, volume, new_uuid())
        (small / "ballast").write_bytes(b"x" * (small_free(small) - 4096))
        with pytest.raises(VolumesError, match="disk of the host is full"):
            engine.create(FENCE, new_uuid(), 1, None, None)
        assert engine.inventory() == Inventory([volume], [], [])
        assert leftovers(full) == []
        (small / "ballast").unlink()
        assert has(engine.path(volume), 0x88, "0", "5M")
    finally:
        processes.run(["umount", str(small)])


def small_free(place: Path) -> int:
    usage = os.statvfs(place)
    return usage.f_bavail * usage.f_frsize


def test_a_backup_holds_the_content_at_its_instant_and_an_incremental_one_only_what_changed(
    volumes: FileVolumes, image: str
) -> None:
    volume, snapshot, full, more, restored = new_uuid(), new_uuid(), new_uuid(), new_uuid(), new_uuid()
    volumes.prepare_base(FENCE, image, "qcow2")
    volumes.create(FENCE, volume, 1, image, None)
    io(volumes.path(volume), "write -P 0x22 64M 8M")
    volumes.snapshot(FENCE, volume, snapshot)
    whole = volumes.back_up(FENCE, snapshot, full, None)
    volumes.delete_snapshot(FENCE, snapshot)
    io(volumes.path(volume), "write -P 0x33 64M 1M")
    io(volumes.path(volume), "write -z -u 65M 1M")
    volumes.snapshot(FENCE, volume, snapshot)
    part = volumes.back_up(FENCE, snapshot, more, full)
    volumes.delete_snapshot(FENCE, snapshot)
    volumes.delete(FENCE, volume)
    assert volumes.drop_unused_bases(FENCE, []) == [image]
    assert whole >= 9 << 20 and part <= 3 << 20
    volumes.restore(FENCE, restored, 2, full)
    place = volumes.path(restored)
    assert has(place, 0x11) and has(place, 0x22, "64M", "8M") and has(place, 0, "1G", "1G")
    volumes.restore(FENCE, restored, 2, more)
    assert has(place, 0x11) and has(place, 0x33, "64M") and has(place, 0, "65M") and has(place, 0x22, "66M", "6M")
    assert qcow2.read(place).backing is None


@pytest.mark.parametrize("disk_format", ["raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi"])
def test_an_image_of_a_volume_has_its_content_in_each_format(
    folder: Folder, volumes: FileVolumes, image: str, disk_format: str
) -> None:
    volume, snapshot, made, again = new_uuid(), new_uuid(), new_uuid(), new_uuid()
    volumes.prepare_base(FENCE, image, "qcow2")
    volumes.create(FENCE, volume, 1, image, None)
    io(volumes.path(volume), "write -P 0x22 64M 1M")
    volumes.snapshot(FENCE, volume, snapshot)
    volumes.export(FENCE, snapshot, made, disk_format)
    received = Received(disk_format)
    with (folder.images / made).open("rb") as file:
        while block := file.read(1 << 20):
            received.feed(block)
    assert (received.stored(received.inspected()).virtual_size or 0) >= GIB
    volumes.prepare_base(FENCE, made, disk_format)
    volumes.create(FENCE, again, 2, made, None)
    assert has(volumes.path(again), 0x11) and has(volumes.path(again), 0x22, "64M")
    assert leftovers(folder) == [] and not list(folder.snapshots.glob("*.image"))


def test_the_image_store_may_be_on_another_disk(folder: Folder) -> None:
    with tempfile.TemporaryDirectory(prefix="k-", dir="/dev/shm") as elsewhere:
        if os.stat(elsewhere).st_dev == folder.data.stat().st_dev:
            pytest.skip("both folders are on one disk")
        folder.images = Path(elsewhere)
        volumes, volume, made = FileVolumes(folder, user=None), new_uuid(), new_uuid()
        volumes.create(FENCE, volume, 1, None, None)
        io(volumes.path(volume), "write -P 0x22 64M 1M")
        volumes.snapshot(FENCE, volume, volume)
        volumes.export(FENCE, volume, made, "qcow2")
        assert has(folder.images / made, 0x22, "64M") and [each.name for each in folder.images.iterdir()] == [made]
        assert stat.S_IMODE((folder.images / made).stat().st_mode) == 0o444
        assert leftovers(folder) == [] and not list(folder.snapshots.glob("*.image"))
