"""Images as files: faults of the disk, and crashes."""

import os
import signal
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from kumoi.engines.images.files import FileImages
from kumoi.engines.images.interface import ImageRefused, ImagesError
from kumoi.kernel import durable, processes
from kumoi.kernel.randomness import new_uuid
from tests.engines.images.contract import ImageStoreContract, put


@pytest.fixture
def store(tmp_path: Path) -> FileImages:
    return FileImages(tmp_path / "images")


class TestFileImages(ImageStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FileImages:
        return FileImages(tmp_path / "images")

    @pytest.fixture
    def again(self, tmp_path: Path) -> Callable[[], FileImages]:
        return lambda: FileImages(tmp_path / "images")


def test_memory_stays_constant(store: FileImages) -> None:
    chunk = os.urandom(1 << 20)
    put(store, new_uuid(), chunk)
    tracemalloc.start()
    writer = store.begin(new_uuid(), "raw")
    for _ in range(64):
        writer.write(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    writer.abort()
    assert peak < 8 << 20


def test_a_qcow2_whose_end_is_missing_is_refused_and_leaves_nothing(store: FileImages, tmp_path: Path) -> None:
    raw, made = tmp_path / "raw", tmp_path / "made"
    raw.write_bytes(os.urandom(2 << 20))
    processes.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(made)])
    whole, image_id = made.read_bytes(), new_uuid()
    writer = store.begin(image_id, "qcow2")
    writer.write(whole[: 3 << 19])
    with pytest.raises(ImageRefused, match="cut short"):
        writer.finish()
    assert store.inventory() == [] and list(store.folder.iterdir()) == []
    writer = store.begin(image_id, "qcow2")
    writer.write(whole)
    assert writer.finish().virtual_size == 2 << 20


def test_an_image_is_never_written_again(store: FileImages) -> None:
    image_id = new_uuid()
    put(store, image_id, b"x")
    assert store.path(image_id).stat().st_mode & 0o777 == 0o444
    assert store.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("after", [0.01, 0.05, 0.1])
def test_a_killed_upload_goes_at_the_next_start(tmp_path: Path, after: float) -> None:
    image_id, ready = new_uuid(), os.pipe()
    child = os.fork()
    if not child:
        try:
            writer = FileImages(tmp_path).begin(image_id, "raw")
            os.write(ready[1], b".")
            while True:
                writer.write(b"x" * 100_000)
        finally:
            os._exit(0)
    os.read(ready[0], 1)
    processes.run(["sleep", str(after)])
    assert [entry.name for entry in tmp_path.iterdir()] == [f"{image_id}.part"]
    FileImages(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [f"{image_id}.part"], "a living upload was swept away"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert FileImages(tmp_path).inventory() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
@pytest.mark.skipif(os.getuid() != 0, reason="needs root to mount a small file system")
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "RESERVE", 0)
    processes.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)])
    try:
        store = FileImages(tmp_path)
        with pytest.raises(ImagesError, match="disk that holds the images is full"):
            put(store, new_uuid(), b"x" * (2 << 20))
        assert list(tmp_path.iterdir()) == []
        put(store, new_uuid(), b"x" * 1000)
    finally:
        processes.run(["umount", str(tmp_path)])


def test_a_file_size_limit_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        code = 1
        try:
            import resource

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
            try:
                put(FileImages(tmp_path), new_uuid(), b"x" * (2 << 20))
            except ImagesError as error:
                code = 0 if "full" in str(error) and not list(tmp_path.iterdir()) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_bytes_of_another_file_are_adopted_or_have_to_be_copied(store: FileImages, tmp_path: Path) -> None:
    image_id, file = new_uuid(), tmp_path / "object"
    file.write_bytes(b"bytes")
    file.chmod(0o440)
    assert store.adopt(image_id, file) and store.adopt(image_id, file)
    assert store.inventory() == [image_id] and store.path(image_id).samefile(file)
    # A host takes uploads, and files that everybody may read and nobody may change.
    assert store.path(image_id).stat().st_mode & 0o777 == 0o444
    store.delete(image_id)
    assert file.read_bytes() == b"bytes"
    assert not store.adopt(image_id, tmp_path / "absent")
    assert not store.adopt(image_id, Path("/proc/self/cmdline")) and store.inventory() == []
