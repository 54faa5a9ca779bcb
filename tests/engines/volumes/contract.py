"""The contract of every volumes engine: a class to inherit, with fixtures."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from kumoi.engines.volumes.interface import FileSource, Inventory, Sizes, Volumes, VolumesError
from kumoi.kernel.fences import Busy, Fence
from kumoi.kernel.randomness import new_uuid

GIB = 1 << 30
FENCE = Fence("volume/test", 1)


class Holding:
    """A guest that has one volume open, as the engine's holder hook sees it."""

    def __init__(self) -> None:
        self.volume_id = ""
        self.resized: list[int] = []
        self.copied: list[Path] = []

    def resize(self, size_bytes: int) -> None:
        self.resized.append(size_bytes)

    def copy(self, to: Path) -> None:
        self.copied.append(to)

    def find(self, volume_id: str) -> "Holding | None":
        return self if volume_id == self.volume_id else None


class VolumesContract:
    """Modules have a further fixture, `store`: the folder of the image store."""

    @pytest.fixture
    def holding(self) -> Holding:
        return Holding()

    @pytest.fixture
    def volumes(self, tmp_path: Path, holding: Holding) -> Iterator[Volumes]:
        raise NotImplementedError

    @pytest.fixture
    def again(self) -> Callable[[], Volumes]:
        """The engine opened again on the same folder, as after a restart of the agent."""
        raise NotImplementedError

    @pytest.fixture
    def working(self) -> Callable[[str, str], AbstractContextManager[None]]:
        """Inside `working(kind, id)` another order for that volume, snapshot or image is being carried out."""
        raise NotImplementedError

    @pytest.fixture
    def image(self) -> str:
        """The id of a stored image: qcow2, one GiB of disk."""
        raise NotImplementedError

    def test_an_empty_volume_lives_and_goes(self, volumes: Volumes) -> None:
        volume = new_uuid()
        volumes.create(FENCE, volume, 1, None, None)
        assert volumes.inventory() == Inventory([volume], [], [])
        assert volumes.connect(FENCE, volume) == FileSource(volume)
        volumes.disconnect(FENCE, volume)
        volumes.delete(FENCE, volume)
        assert volumes.inventory() == Inventory([], [], [])

    def test_every_call_may_come_twice(self, volumes: Volumes, image: str) -> None:
        volume, snapshot = new_uuid(), new_uuid()
        for _ in range(2):
            assert volumes.prepare_base(FENCE, image, "qcow2").virtual_size == GIB
        for _ in range(2):
            volumes.create(FENCE, volume, 2, image, None)
        for _ in range(2):
            volumes.extend(FENCE, volume, 3)
        for _ in range(2):
            volumes.snapshot(FENCE, volume, snapshot)
        for _ in range(2):
            volumes.connect(FENCE, volume)
        for _ in range(2):
            volumes.disconnect(FENCE, volume)
        for _ in range(2):
            volumes.delete(FENCE, volume)
        for _ in range(2):
            volumes.delete_snapshot(FENCE, snapshot)
        assert volumes.inventory() == Inventory([], [], [image])

    def test_what_was_never_there_can_be_deleted(self, volumes: Volumes) -> None:
        volumes.delete(FENCE, new_uuid())
        volumes.delete_snapshot(FENCE, new_uuid())

    def test_disks_outlive_the_engine(self, volumes: Volumes, again: Callable[[], Volumes], image: str) -> None:
        volume, snapshot = new_uuid(), new_uuid()
        volumes.prepare_base(FENCE, image, "qcow2")
        volumes.create(FENCE, volume, 1, image, None)
        volumes.snapshot(FENCE, volume, snapshot)
        assert again().inventory() == Inventory([volume], [snapshot], [image])

    def test_a_snapshot_and_its_volume_go_their_own_ways(self, volumes: Volumes) -> None:
        volume, snapshot, second = new_uuid(), new_uuid(), new_uuid()
        volumes.create(FENCE, volume, 1, None, None)
        volumes.snapshot(FENCE, volume, snapshot)
        volumes.delete(FENCE, volume)
        volumes.create(FENCE, second, 2, None, snapshot)
        volumes.delete_snapshot(FENCE, snapshot)
        assert volumes.inventory() == Inventory([second], [], [])
        volumes.connect(FENCE, second)

    def test_a_backup_outlives_volume_snapshot_and_image(
        self, volumes: Volumes, again: Callable[[], Volumes], image: str
    ) -> None:
        volume, snapshot, backup, second = new_uuid(), new_uuid(), new_uuid(), new_uuid()
        volumes.prepare_base(FENCE, image, "qcow2")
        volumes.create(FENCE, volume, 1, image, None)
        volumes.snapshot(FENCE, volume, snapshot)
        for _ in range(2):
            assert volumes.back_up(FENCE, snapshot, backup, None) > 0
        volumes.delete(FENCE, volume)
        volumes.delete_snapshot(FENCE, snapshot)
        assert volumes.drop_unused_bases(FENCE, []) == [image]
        assert again().inventory() == Inventory([], [], [], [backup])
        for _ in range(2):
            volumes.restore(FENCE, second, 2, backup)
        for _ in range(2):
            volumes.delete_backup(FENCE, backup)
        assert volumes.inventory() == Inventory([second], [], [])
        assert volumes.virtual_size(FENCE, second) == 2 * GIB

    def test_a_backup_may_build_on_an_earlier_one(self, volumes: Volumes) -> None:
        volume, snapshot, full, more = new_uuid(), new_uuid(), new_uuid(), new_uuid()
        volumes.create(FENCE, volume, 1, None, None)
        volumes.snapshot(FENCE, volume, snapshot)
        volumes.back_up(FENCE, snapshot, full, None)
        volumes.extend(FENCE, volume, 2)
        volumes.delete_snapshot(FENCE, snapshot)
        volumes.snapshot(FENCE, volume, snapshot)
        volumes.back_up(FENCE, snapshot, more, full)
        volumes.restore(FENCE, volume, 2, more)
        assert volumes.inventory() == Inventory([volume], [snapshot], [], sorted([full, more]))

    def test_what_is_missing_for_a_backup_is_said(self, volumes: Volumes, holding: Holding) -> None:
        volume, snapshot, backup, unknown = new_uuid(), new_uuid(), new_uuid(), new_uuid()
        volumes.create(FENCE, volume, 2, None, None)
        volumes.snapshot(FENCE, volume, snapshot)
        volumes.delete_backup(FENCE, unknown)
        for call in (
            lambda: volumes.back_up(FENCE, unknown, new_uuid(), None),
            lambda: volumes.back_up(FENCE, snapshot, new_uuid(), unknown),
            lambda: volumes.restore(FENCE, volume, 2, unknown),
        ):
            with pytest.raises(VolumesError, match=f"{unknown} is not on this host"):
                call()
        volumes.back_up(FENCE, snapshot, backup, None)
        with pytest.raises(VolumesError, match="more than"):
            volumes.restore(FENCE, new_uuid(), 1, backup)
        holding.volume_id = volume
        with pytest.raises(VolumesError, match="held"):
            volumes.restore(FENCE, volume, 2, backup)
        assert volumes.inventory() == Inventory([volume], [snapshot], [], [backup])

    @pytest.mark.parametrize("disk_format", ["raw", "qcow2"])
    def test_an_image_of_a_snapshot_needs_nothing_else(
        self, volumes: Volumes, image: str, store: Path, disk_format: str
    ) -> None:
        volume, snapshot, made = new_uuid(), new_uuid(), new_uuid()
        volumes.prepare_base(FENCE, image, "qcow2")
        volumes.create(FENCE, volume, 1, image, None)
        volumes.snapshot(FENCE, volume, snapshot)
        for _ in range(2):
            volumes.export(FENCE, snapshot, made, disk_format)
        volumes.delete(FENCE, volume)
        volumes.delete_snapshot(FENCE, snapshot)
        assert volumes.drop_unused_bases(FENCE, []) == [image]
        assert volumes.inventory() == Inventory([], [], [])
        assert (store / made).stat().st_mode & 0o777 == 0o444
        assert volumes.prepare_base(FENCE, made, disk_format).virtual_size > 0
        for wrong, word in ((new_uuid(), "on this host"), (snapshot, "on this host")):
            with pytest.raises(VolumesError, match=word):
                volumes.export(FENCE, wrong, new_uuid(), "raw")
        with pytest.raises(VolumesError, match="iso"):
            volumes.export(FENCE, snapshot, new_uuid(), "iso")

    def test_a_volume_must_hold_its_content(self, volumes: Volumes, image: str) -> None:
        large, snapshot = new_uuid(), new_uuid()
        volumes.create(FENCE, large, 3, None, None)
        volumes.snapshot(FENCE, large, snapshot)
        with pytest.raises(VolumesError, match="more than"):
            volumes.create(FENCE, new_uuid(), 2, None, snapshot)
        volumes.prepare_base(FENCE, image, "qcow2")
        with pytest.raises(VolumesError, match="size of 0"):
            volumes.create(FENCE, new_uuid(), 0, image, None)
        assert volumes.inventory().volumes == [large]

    def test_a_volume_never_shrinks(self, volumes: Volumes) -> None:
        volume = new_uuid()
        volumes.create(FENCE, volume, 2, None, None)
        with pytest.raises(VolumesError, match="cannot shrink"):
            volumes.extend(FENCE, volume, 1)

    @pytest.mark.parametrize(
        "bad", ["", "..", "../../etc/passwd", "a" * 36, "1f0c7f6e3b7e4d7c9d7b0d6a5c4b3a21", "x\0y", "Volume 1"]
    )
    def test_an_id_that_is_no_uuid_reaches_no_disk(self, volumes: Volumes, bad: str) -> None:
        calls = (
            lambda: volumes.prepare_base(FENCE, bad, "raw"),
            lambda: volumes.create(FENCE, bad, 1, None, None),
            lambda: volumes.delete(FENCE, bad),
            lambda: volumes.extend(FENCE, bad, 2),
            lambda: volumes.snapshot(FENCE, bad, new_uuid()),
            lambda: volumes.delete_snapshot(FENCE, bad),
            lambda: volumes.connect(FENCE, bad),
            lambda: volumes.disconnect(FENCE, bad),
            lambda: volumes.virtual_size(FENCE, bad),
            lambda: volumes.back_up(FENCE, bad, new_uuid(), None),
            lambda: volumes.restore(FENCE, bad, 1, new_uuid()),
            lambda: volumes.delete_backup(FENCE, bad),
            lambda: volumes.export(FENCE, bad, new_uuid(), "raw"),
            lambda: volumes.export(FENCE, new_uuid(), bad, "raw"),
        )
        for call in calls:
            with pytest.raises(VolumesError, match="is no UUID"):
                call()

    def test_what_is_missing_is_said(self, volumes: Volumes) -> None:
        unknown = new_uuid()
        volume = new_uuid()
        volumes.create(FENCE, volume, 1, None, None)
        for call in (
            lambda: volumes.create(FENCE, new_uuid(), 1, unknown, None),
            lambda: volumes.create(FENCE, new_uuid(), 1, None, unknown),
            lambda: volumes.extend(FENCE, unknown, 2),
            lambda: volumes.snapshot(FENCE, unknown, new_uuid()),
            lambda: volumes.connect(FENCE, unknown),
        ):
            with pytest.raises(VolumesError, match=f"{unknown}.*on this host"):
                call()
        with pytest.raises(VolumesError, match="not from both"):
            volumes.create(FENCE, new_uuid(), 1, unknown, unknown)
        assert volumes.inventory() == Inventory([volume], [], [])

    def test_an_image_that_is_not_in_the_store_cannot_be_prepared(self, volumes: Volumes) -> None:
        with pytest.raises(VolumesError, match="not in the image store"):
            volumes.prepare_base(FENCE, new_uuid(), "qcow2")
        assert volumes.inventory().bases == []

    def test_a_kernel_is_no_disk(self, volumes: Volumes, image: str) -> None:
        with pytest.raises(VolumesError, match="aki"):
            volumes.prepare_base(FENCE, image, "aki")

    def test_a_base_stays_while_a_disk_stands_on_it(self, volumes: Volumes, image: str) -> None:
        volume, snapshot = new_uuid(), new_uuid()
        volumes.prepare_base(FENCE, image, "qcow2")
        volumes.create(FENCE, volume, 1, image, None)
        volumes.snapshot(FENCE, volume, snapshot)
        volumes.delete(FENCE, volume)
        assert volumes.drop_unused_bases(FENCE, []) == []
        volumes.delete_snapshot(FENCE, snapshot)
        assert volumes.drop_unused_bases(FENCE, [image]) == []
        assert volumes.inventory().bases == [image]
        assert volumes.drop_unused_bases(FENCE, []) == [image]
        assert volumes.drop_unused_bases(FENCE, []) == []

    def test_a_held_volume_is_grown_by_its_holder_and_not_deleted(self, volumes: Volumes, holding: Holding) -> None:
        volume = new_uuid()
        volumes.create(FENCE, volume, 1, None, None)
        holding.volume_id = volume
        volumes.extend(FENCE, volume, 2)
        assert holding.resized == [2 * GIB]
        with pytest.raises(VolumesError, match="held"):
            volumes.delete(FENCE, volume)
        holding.volume_id = ""
        volumes.delete(FENCE, volume)

    def test_what_is_being_worked_on_is_not_now_and_unchanged(
        self, volumes: Volumes, image: str, working: Callable[[str, str], AbstractContextManager[None]]
    ) -> None:
        volume, snapshot = new_uuid(), new_uuid()
        volumes.prepare_base(FENCE, image, "qcow2")
        volumes.create(FENCE, volume, 1, None, None)
        volumes.snapshot(FENCE, volume, snapshot)
        of_volume = (
            lambda: volumes.create(FENCE, volume, 1, None, None),
            lambda: volumes.extend(FENCE, volume, 2),
            lambda: volumes.snapshot(FENCE, volume, new_uuid()),
            lambda: volumes.connect(FENCE, volume),
            lambda: volumes.virtual_size(FENCE, volume),
            lambda: volumes.delete(FENCE, volume),
        )
        of_snapshot = (
            lambda: volumes.create(FENCE, new_uuid(), 1, None, snapshot),
            lambda: volumes.delete_snapshot(FENCE, snapshot),
        )
        of_image = (
            lambda: volumes.prepare_base(FENCE, image, "qcow2"),
            lambda: volumes.create(FENCE, new_uuid(), 1, image, None),
        )
        for kind, identifier, calls in (
            ("volume", volume, of_volume),
            ("snapshot", snapshot, of_snapshot),
            ("image", image, of_image),
        ):
            with working(kind, identifier):
                for call in calls:
                    with pytest.raises(Busy, match=identifier):
                        call()
                assert volumes.drop_unused_bases(FENCE, []) == ([] if kind == "image" else [image])
                if kind != "image":
                    volumes.prepare_base(FENCE, image, "qcow2")
        assert volumes.inventory() == Inventory([volume], [snapshot], [image])
        assert volumes.virtual_size(FENCE, volume) == GIB

    def test_how_large_they_are(self, volumes: Volumes) -> None:
        volume, snapshot = new_uuid(), new_uuid()
        assert volumes.virtual_size(FENCE, volume) is None
        volumes.create(FENCE, volume, 1, None, None)
        volumes.snapshot(FENCE, volume, snapshot)
        volumes.extend(FENCE, volume, 3)
        assert volumes.virtual_size(FENCE, volume) == 3 * GIB
        assert volumes.sizes() == Sizes({volume: 3 * GIB}, {snapshot: GIB})

    def test_capacity_is_of_something(self, volumes: Volumes) -> None:
        capacity = volumes.capacity()
        assert 0 < capacity.free_gib <= capacity.total_gib
