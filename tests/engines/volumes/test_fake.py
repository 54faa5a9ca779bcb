"""The fake volumes engine."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.engines.volumes.interface import VolumesError
from kumoi.kernel import processes
from kumoi.kernel.randomness import new_uuid
from tests.engines.volumes.contract import FENCE, GIB, Holding, VolumesContract


class TestFakeVolumes(VolumesContract):
    @pytest.fixture
    def volumes(self, tmp_path: Path, holding: Holding) -> Iterator[FakeVolumes]:
        (tmp_path / "images").mkdir()
        engine = FakeVolumes(tmp_path / "host", tmp_path / "images", holder=holding.find)
        yield engine
        engine.close()

    @pytest.fixture
    def again(self, tmp_path: Path) -> Callable[[], FakeVolumes]:
        return lambda: FakeVolumes(tmp_path / "host", tmp_path / "images")

    @pytest.fixture
    def working(self, volumes: FakeVolumes) -> Callable[[str, str], AbstractContextManager[None]]:
        return volumes.working

    @pytest.fixture
    def store(self, tmp_path: Path) -> Path:
        return tmp_path / "images"

    @pytest.fixture
    def image(self, tmp_path: Path, volumes: FakeVolumes) -> str:
        image_id = new_uuid()
        processes.run(["qemu-img", "create", "-q", "-f", "qcow2", str(tmp_path / "images" / image_id), "1G"])
        return image_id

    def test_it_fails_when_told_to_and_changes_nothing(self, volumes: FakeVolumes) -> None:
        volume = new_uuid()
        volumes.fail_next("create", "no room at the inn")
        with pytest.raises(VolumesError, match="no room at the inn"):
            volumes.create(FENCE, volume, 1, None, None)
        assert volumes.inventory().volumes == []
        volumes.create(FENCE, volume, 1, None, None)
        assert volumes.size_gib(volume) == 1

    def test_without_a_store_every_image_is_believed(self, tmp_path: Path) -> None:
        assert FakeVolumes(tmp_path).prepare_base(FENCE, new_uuid(), "raw").virtual_size == GIB
