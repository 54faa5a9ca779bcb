"""The object store on a disk, after a crash and with a full disk."""

import errno
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi.engines.objects import copies, tables
from kumoi.engines.objects.disk import DiskObjects
from kumoi.engines.objects.groups import Groups
from kumoi.engines.objects.interface import NoRoom, ObjectsError
from kumoi.kernel import clock, durable
from kumoi.kernel.clock import VirtualClock
from tests.engines.objects.contract import ObjectStoreContract
from tests.engines.objects.doing import LARGE, container, content, described, keeping, listed, poured, put
from tests.waits import PATIENCE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskObjects]:
    made = DiskObjects(tmp_path / "objects")
    yield made
    made.close()


class TestDiskObjects(ObjectStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[DiskObjects]:
        made = DiskObjects(tmp_path / "objects")
        yield made
        made.close()


def files(store: DiskObjects) -> list[str]:
    return sorted(path.name for path in store.files.glob("*/*"))


def killed(work: Any) -> None:
    """Runs `work` in a process that exits immediately afterwards and closes nothing."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def test_an_upload_that_a_crash_cuts_off_leaves_nothing(tmp_path: Path) -> None:
    def work() -> None:
        writer = DiskObjects(tmp_path / "objects").begin()
        writer.write(LARGE)

    killed(work)
    store = DiskObjects(tmp_path / "objects")
    assert len(os.listdir(store.incoming)) == 1
    assert [told.partition(": ")[2] for told in store.tidy()] == ["an upload was cut off"]
    assert os.listdir(store.incoming) == [] and files(store) == []
    assert store.tidy() == []
    store.close()


@pytest.mark.parametrize("given", [False, True])
def test_a_crash_between_the_bytes_and_their_name(tmp_path: Path, given: bool) -> None:
    """Before the transaction nobody has them. After it they belong to the object, even if the link was lost."""

    def work() -> None:
        made = DiskObjects(tmp_path / "objects")
        where = container(made)
        _, stored = poured(made, LARGE)
        if given:
            made.write(lambda tx: tx.put_object(where, described("one", stored), stored)).result()
            assert stored.place is not None
            made.place(stored.place).unlink()

    killed(work)
    store = DiskObjects(tmp_path / "objects")
    told = store.tidy()
    assert len(told) == (0 if given else 1)
    assert content(store, container(store), "one") == (LARGE if given else None)
    assert os.listdir(store.incoming) == [] and len(files(store)) == int(given)
    assert list(store.differences()) == []
    store.close()


def test_an_upload_of_a_living_process_is_left_alone(store: DiskObjects) -> None:
    where = container(store)
    writer, stored = poured(store, LARGE)
    assert store.tidy() == []
    store.write(lambda tx: tx.put_object(where, described("one", stored), stored)).result()
    writer.keep()
    assert content(store, where, "one") == LARGE


def test_replaced_bytes_stay_for_a_moment_and_go(store: DiskObjects) -> None:
    with clock.using(VirtualClock()):
        where = container(store)
        first = put(store, where, "one", LARGE)
        put(store, where, "one", LARGE + b"x")
        store.tidy()
        assert first.place in files(store)
        clock.sleep(60)
        store.tidy()
        assert first.place not in files(store) and len(files(store)) == 1
        assert list(store.differences()) == []


def test_the_audit_names_what_is_wrong(store: DiskObjects) -> None:
    where = container(store)
    lost, cut = put(store, where, "lost", LARGE), put(store, where, "cut", LARGE)
    put(store, where, "few")
    assert list(store.differences()) == []
    assert lost.place and cut.place
    store.place(lost.place).unlink()
    store.place(cut.place).chmod(0o600)
    os.truncate(store.place(cut.place), 5)
    stray = store.place("0" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x")
    store.write(lambda tx: tx._ask("UPDATE containers SET objects = 7")).result()  # type: ignore[attr-defined]
    store.write(lambda tx: tx._ask("UPDATE small_bytes SET data = x'00'")).result()  # type: ignore[attr-defined]
    problems = dict(store.differences())
    assert problems["lost"] == "its bytes are not on the disk"
    assert problems["cut"] == f"it has 5 bytes on the disk instead of {len(LARGE)}"
    assert problems["0" * 32] == "its bytes are on the disk, but no object has them"
    assert "counts 7 objects" in problems["a/c"] and "sums differ" in problems["a"]
    assert problems["few"] == "its bytes, beside its name, are missing or of another length"


def test_the_audit_names_what_is_wrong_with_versions(store: DiskObjects) -> None:
    where = keeping(store)
    first = put(store, where, "one", LARGE)
    put(store, where, "one", b"few")
    assert list(store.differences()) == [] and first.place
    store.place(first.place).unlink()
    store.write(lambda tx: tx._ask("UPDATE containers SET versions = 7")).result()  # type: ignore[attr-defined]
    store.write(lambda tx: tx._ask("UPDATE objects SET marker = 1 WHERE container > 0")).result()  # type: ignore[attr-defined]
    problems = dict(store.differences())
    assert problems["a/c"].startswith("it counts 1 objects and 7 old versions") and "sums differ" in problems["a"]
    assert problems["one"] == "it is a delete marker instead of an object, or in no container"
    assert [text for name, text in problems.items() if name.startswith("one, version ")] == [
        "its bytes are not on the disk"
    ]


def test_old_versions_are_not_swept_and_go_with_their_deletion(store: DiskObjects) -> None:
    with clock.using(VirtualClock()):
        where = keeping(store)
        first = put(store, where, "one", LARGE)
        put(store, where, "one", LARGE + b"x")
        clock.sleep(60)
        store.tidy()
        assert len(files(store)) == 2
        found = store.read(lambda tx: tx.newest_version(where, "one"))
        assert found is not None and found.place == first.place
        store.write(lambda tx: tx.remove_version(where, found)).result()
        clock.sleep(60)
        store.tidy()
        assert len(files(store)) == 1 and first.place not in files(store)
        assert list(store.differences()) == []


def test_an_index_of_the_first_version_is_taken_along(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    old = tables.connect(tmp_path / "objects" / "index.db")
    for statement in tables._STEPS[0]:
        old.execute(statement)
    old.execute("INSERT INTO accounts VALUES ('a', 1, 1, 1, 3, x'7b7d')")
    old.execute("INSERT INTO containers VALUES (1, 'a', 'c', 1, 1, '', 1, 3, x'7b7d')")
    old.execute("INSERT INTO small_bytes VALUES (1, x'666577')")
    old.execute("INSERT INTO objects VALUES (1, 'one', '\"one\"', 3, 'e', 't', 1, x'7b7d', NULL, NULL, 1)")
    old.execute("PRAGMA user_version = 1")
    old.close()
    store = DiskObjects(tmp_path / "objects")
    where = keeping(store)
    assert content(store, where, "one") == b"few"
    put(store, where, "one", b"22")
    assert listed(store, where) == "one:2* one:3?" and list(store.differences()) == []
    store.close()


def test_a_full_disk_keeps_nothing(store: DiskObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    where = container(store)

    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(durable, "check_room", full)
    with pytest.raises(NoRoom):
        store.begin().write(LARGE)
    with pytest.raises(NoRoom):
        put(store, where, "few")
    monkeypatch.undo()
    assert os.listdir(store.incoming) == []
    assert content(store, where, "few") is None


def test_memory_stays_constant(store: DiskObjects) -> None:
    chunk = os.urandom(1 << 20)
    tracemalloc.start()
    writer = store.begin()
    for _ in range(64):
        writer.write(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    writer.discard()
    assert peak < 4 << 20


def test_a_copy_of_a_store_in_use_is_whole(store: DiskObjects, tmp_path: Path) -> None:
    where = container(store)
    put(store, where, "few", b"few")
    put(store, where, "many", LARGE)
    put(store, where, "old", LARGE)
    put(store, where, "old", b"new")
    writer, _ = poured(store, LARGE)
    copies.copy(store.folder, tmp_path / "copy")
    put(store, where, "many", b"later")
    copied = DiskObjects(tmp_path / "copy")
    assert content(copied, where, "few") == b"few" and content(copied, where, "many") == LARGE
    assert list(copied.differences()) == []
    copied.close()
    writer.discard()


def test_an_index_that_cannot_be_opened_refuses_and_is_tried_again(tmp_path: Path) -> None:
    groups = Groups(tmp_path / "absent" / "index.db")
    with pytest.raises(ObjectsError):
        groups.write(lambda tx: 1).result(timeout=PATIENCE)
    (tmp_path / "absent").mkdir()
    assert groups.write(lambda tx: 1).result(timeout=PATIENCE) == 1
    groups.close()


def test_a_note_stays_while_its_link_may_be_lost(store: DiskObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    where = container(store)
    writer, stored = poured(store, LARGE)
    store.write(lambda tx: tx.put_object(where, described("one", stored), stored)).result()

    def failing(folder: Path) -> None:
        raise OSError(errno.EIO, "the disk fails")

    monkeypatch.setattr(durable, "sync_folder", failing)
    writer.keep()
    store._settler.close()
    monkeypatch.undo()
    assert os.listdir(store.incoming) == [stored.place]
    assert store.tidy() == []
    assert os.listdir(store.incoming) == [] and content(store, where, "one") == LARGE
    assert list(store.differences()) == []
