"""Images as objects: the contract on both object stores, and uploads that died or lost their image."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kumoi.engines.images import objects
from kumoi.engines.images.interface import ImageRefused, ImagesError
from kumoi.engines.images.objects import ObjectImages
from kumoi.engines.objects.disk import DiskObjects
from kumoi.engines.objects.fake import FakeObjects
from kumoi.engines.objects.interface import Stored, Writing
from kumoi.kernel import processes
from kumoi.kernel.randomness import new_uuid, random_bytes
from tests.engines.images.contract import ImageStoreContract, put
from tests.engines.objects.many import made, opened


class TestImagesOnADisk(ImageStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ObjectImages]:
        disk = DiskObjects(tmp_path / "objects")
        yield ObjectImages(disk)
        assert list(disk.differences()) == []
        disk.close()

    @pytest.fixture
    def again(self, tmp_path: Path) -> Callable[[], ObjectImages]:
        return lambda: ObjectImages(DiskObjects(tmp_path / "objects"))


class TestImagesInCopies(ImageStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ObjectImages]:
        disks = made(tmp_path, "default=3", 3)
        yield ObjectImages(disks)
        assert list(disks.differences()) == []
        disks.close()

    @pytest.fixture
    def again(self, tmp_path: Path) -> Callable[[], ObjectImages]:
        return lambda: ObjectImages(opened(tmp_path, "default=3", 3))


class TestImagesOnTheFake(ImageStoreContract):
    @pytest.fixture
    def fake(self, tmp_path: Path) -> FakeObjects:
        return FakeObjects(tmp_path / "objects")

    @pytest.fixture
    def store(self, fake: FakeObjects) -> ObjectImages:
        return ObjectImages(fake)

    @pytest.fixture
    def again(self, fake: FakeObjects) -> Callable[[], ObjectImages]:
        return lambda: ObjectImages(fake)


def test_an_image_in_fragments_is_no_file_and_is_read_whole(tmp_path: Path) -> None:
    disks = made(tmp_path, "default=2+1", 3)
    images, image_id, data = ObjectImages(disks), new_uuid(), random_bytes(3_000_000)
    put(images, image_id, data)
    with images.open(image_id) as file:
        assert file.read(1_500_000) + file.read() == data
    with pytest.raises(ImagesError, match="no data in one file"):
        images.path(image_id)
    disks.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[DiskObjects]:
    made = DiskObjects(tmp_path / "objects")
    yield made
    made.close()


def test_an_unused_object_store_stays_unused(disk: DiskObjects) -> None:
    images, image_id = ObjectImages(disk), new_uuid()
    assert images.inventory() == [] and images.uploads() == {}
    images.delete(image_id)
    with pytest.raises(ImagesError, match="no data"):
        images.open(image_id)
    assert not disk.is_used()


@pytest.mark.parametrize("size", [10, 100_000])
def test_who_takes_an_upload_over_from_a_dead_process_is_alone(disk: DiskObjects, size: int) -> None:
    images, image_id = ObjectImages(disk), new_uuid()
    dead = images.begin(image_id, "raw")
    dead.write(b"1" * size)
    objects._living.clear()
    second = images.begin(image_id, "raw")
    second.write(b"2" * size)
    with pytest.raises(ImagesError, match="deleted"):
        dead.finish()
    second.finish()
    assert images.open(image_id).read() == b"2" * size
    assert images.uploads() == {} and list(disk.differences()) == []


def test_an_upload_is_forgotten_by_its_token_alone(disk: DiskObjects) -> None:
    images, image_id = ObjectImages(disk), new_uuid()
    images.begin(image_id, "raw")
    (token,) = images.uploads().values()
    objects._living.clear()
    second = images.begin(image_id, "raw")
    images.forget_upload(image_id, token)
    second.write(b"x")
    second.finish()
    assert images.inventory() == [image_id]


def test_a_refusal_on_a_full_disk_is_told_and_leaves_no_bytes(
    disk: DiskObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from kumoi.kernel import durable

    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "full")

    images, image_id = ObjectImages(disk), new_uuid()
    writer = images.begin(image_id, "raw")
    monkeypatch.setattr(durable, "check_room", full)
    with pytest.raises(ImagesError, match="is full"):
        writer.write(b"x" * 100_000)
    with pytest.raises(ImagesError, match="is full"):
        images.begin(new_uuid(), "raw")
    assert list(disk.incoming.iterdir()) == []
    images.delete(image_id)
    assert images.uploads() == {}


def test_a_qcow2_whose_end_is_missing_is_refused_and_leaves_nothing(disk: DiskObjects, tmp_path: Path) -> None:
    raw, made = tmp_path / "raw", tmp_path / "made"
    raw.write_bytes(random_bytes(2 << 20))
    processes.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(made)])
    images, whole, image_id = ObjectImages(disk), made.read_bytes(), new_uuid()
    writer = images.begin(image_id, "qcow2")
    writer.write(whole[: 3 << 19])
    with pytest.raises(ImageRefused, match="cut short"):
        writer.finish()
    assert images.inventory() == [] and images.uploads() == {} and list(disk.incoming.iterdir()) == []
    put(images, image_id, whole, "qcow2")
    assert images.inventory() == [image_id]


def test_many_images_are_all_listed(disk: DiskObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_PAGE", 3)
    images = ObjectImages(disk)
    names = sorted(new_uuid() for _ in range(7))

    def work(tx: Writing) -> None:
        where = tx.put_container(objects.ACCOUNT, objects.IMAGES, {}, "")
        for name in names:
            stored = Stored(1, "e", b"x", None)
            tx.put_object(where, objects._object(tx, name, stored, {}), stored)

    disk.write(work).result()
    assert images.inventory() == names
