"""The contract of every image store: a class to inherit, with fixtures."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from kumoi.engines.images.interface import ImageRefused, ImagesError, ImageStore, Stored
from kumoi.kernel.randomness import new_uuid, random_bytes


def put(store: ImageStore, image_id: str, data: bytes, disk_format: str | None = "raw", chunk: int = 65536) -> Stored:
    writer = store.begin(image_id, disk_format)
    for start in range(0, len(data), chunk):
        writer.write(data[start : start + chunk])
    return writer.finish()


class ImageStoreContract:
    @pytest.fixture
    def store(self, tmp_path: Path) -> ImageStore:
        raise NotImplementedError

    @pytest.fixture
    def again(self) -> Callable[[], ImageStore]:
        """The store opened again on the same folder, as after a restart."""
        raise NotImplementedError

    @pytest.mark.parametrize("size", [0, 1, 511, 512, 70_000, 3_000_000])
    def test_what_goes_in_comes_out(self, store: ImageStore, size: int) -> None:
        image_id, data = new_uuid(), random_bytes(size)
        stored = put(store, image_id, data)
        assert stored == Stored(
            size=size,
            checksum=hashlib.md5(data).hexdigest(),
            os_hash_algo="sha512",
            os_hash_value=hashlib.sha512(data).hexdigest(),
            virtual_size=size,
            detected_format="raw",
        )
        with store.open(image_id) as file:
            assert file.read() == data
        if size > 1 << 16:
            assert store.path(image_id).read_bytes() == data
        assert store.inventory() == [image_id]

    def test_an_image_is_there_whole_or_not_at_all(self, store: ImageStore, again: Callable[[], ImageStore]) -> None:
        image_id = new_uuid()
        writer = store.begin(image_id, "raw")
        writer.write(b"x" * 100_000)
        assert store.inventory() == []
        with pytest.raises(ImagesError, match="no data"):
            store.open(image_id)
        writer.finish()
        assert again().inventory() == [image_id]

    def test_an_upload_given_up_leaves_nothing(self, store: ImageStore) -> None:
        image_id = new_uuid()
        writer = store.begin(image_id, "raw")
        writer.write(b"x" * 100_000)
        writer.abort()
        writer.abort()
        assert store.inventory() == []
        with pytest.raises(ImagesError, match="has ended"):
            writer.write(b"x")
        with pytest.raises(ImagesError, match="has ended"):
            writer.finish()
        put(store, image_id, b"anew")

    def test_refused_bytes_leave_nothing(self, store: ImageStore) -> None:
        image_id = new_uuid()
        with pytest.raises(ImageRefused, match="disk_format is qcow2"):
            put(store, image_id, b"\0" * 2_000_000, "qcow2")
        with pytest.raises(ImageRefused, match="disk_format is qcow2"):
            put(store, image_id, b"", "qcow2")
        with pytest.raises(ImageRefused, match="no check exists for 'ploop'"):
            store.begin(image_id, "ploop")
        assert store.inventory() == []
        put(store, image_id, b"anew")

    def test_one_upload_of_an_image_at_a_time(self, store: ImageStore) -> None:
        image_id = new_uuid()
        first = store.begin(image_id, "raw")
        first.write(b"first")
        with pytest.raises(ImagesError, match="another upload"):
            store.begin(image_id, "raw")
        first.finish()
        put(store, image_id, b"second")
        with store.open(image_id) as file:
            assert file.read() == b"second"

    def test_deleting_ends_an_upload(self, store: ImageStore) -> None:
        image_id = new_uuid()
        writer = store.begin(image_id, "raw")
        writer.write(b"x")
        store.delete(image_id)
        writer.write(b"y")
        with pytest.raises(ImagesError, match="deleted"):
            writer.finish()
        assert store.inventory() == []

    def test_deleting_what_is_not_there_and_twice(self, store: ImageStore) -> None:
        image_id = new_uuid()
        store.delete(image_id)
        put(store, image_id, b"x")
        store.delete(image_id)
        store.delete(image_id)
        assert store.inventory() == []

    def test_a_reader_keeps_its_bytes_when_the_image_goes(self, store: ImageStore) -> None:
        image_id = new_uuid()
        put(store, image_id, b"x" * 1000)
        with store.open(image_id) as file:
            store.delete(image_id)
            assert file.read() == b"x" * 1000

    @pytest.mark.parametrize("bad", ["", "..", "../x", "a" * 36, "1f0c7f6e3b7e4d7c9d7b0d6a5c4b3a21"])
    def test_an_id_that_is_no_uuid_reaches_no_file(self, store: ImageStore, bad: str) -> None:
        for call in (
            lambda: store.begin(bad, "raw"),
            lambda: store.open(bad),
            lambda: store.path(bad),
            lambda: store.delete(bad),
        ):
            with pytest.raises(ImagesError, match="is no UUID"):
                call()
