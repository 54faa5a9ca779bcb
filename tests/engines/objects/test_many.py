"""The object store on several disks: copies, fragments, and disks that go, fill up and are replaced."""

import errno
import fcntl
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kumoi.engines.objects import repair
from kumoi.engines.objects.disk import _Settler
from kumoi.engines.objects.interface import NoRoom, ObjectsError
from kumoi.engines.objects.layout import parse
from kumoi.engines.objects.many import ManyDisks
from kumoi.engines.objects.mirrors import Copy
from kumoi.kernel import clock, durable
from kumoi.kernel.clock import VirtualClock
from tests.engines.objects.contract import ObjectStoreContract
from tests.engines.objects.doing import LARGE, container, content, counted, described, poured, put
from tests.engines.objects.many import (
    LONG,
    NAMES,
    POLICIES,
    away,
    back,
    coded,
    copies,
    emptied,
    file_of,
    looked_after,
    made,
    opened,
    placed,
    store,
)
from tests.engines.objects.test_disk import killed
from tests.waits import PATIENCE, until

__all__ = ["coded", "copies", "store"]


class TestCopies(ObjectStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Any]:
        found = made(tmp_path, *POLICIES[0])
        yield found
        found.close()


class TestFragments(ObjectStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Any]:
        found = made(tmp_path, *POLICIES[1])
        yield found
        found.close()


def test_each_large_object_is_on_as_many_disks_as_its_policy_says(store: ManyDisks) -> None:
    stored = put(store, container(store), "one", LONG)
    place = placed(stored)
    assert sorted(place.disks) == sorted(store.layout.disks)
    for number in range(len(place.disks)):
        assert file_of(store, place, number).is_file()
    with store.open(place.text) as file:
        file.seek(1_000_000)
        assert b"".join(iter(lambda: file.read(70_000), b"")) == LONG[1_000_000:]
        file.seek(1_000_000)
        assert file.read(200_000) == LONG[1_000_000:1_200_000], "across the end of a segment"
        file.seek(5)
        assert file.read() == LONG[5:]


def test_new_objects_share_more_disks_than_they_need(tmp_path: Path) -> None:
    store = made(tmp_path, "two=2", 6)
    where = container(store)
    used = [placed(put(store, where, f"{number}", LARGE)).disks for number in range(30)]
    assert {name for disks in used for name in disks} == set(NAMES) and all(len(disks) == 2 for disks in used)
    store.close()


def test_a_disk_goes_in_the_middle_of_writes_and_nothing_answered_is_lost(store: ManyDisks) -> None:
    where, answered, wrong = container(store), dict[str, bytes](), list[BaseException]()
    begun, going = threading.Event(), threading.Event()

    def write(thread: int) -> None:
        number = 0
        try:
            while not going.is_set():
                number += 1
                data = b"%d" % number + (b" few" if number % 3 else LARGE)
                put(store, where, f"{thread}-{number}", data)
                answered[f"{thread}-{number}"] = data
                if number > 5:
                    begun.set()
        except BaseException as error:
            wrong.append(error)
            begun.set()

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(PATIENCE)
    away(store, "a")
    count = len(answered)
    until(lambda: len(answered) >= count + 30 or wrong, "thirty more answers")
    going.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert all(content(store, where, name) == data for name, data in answered.items())
    assert os.listdir(store.layout.disks["a"]) == []
    assert "a" not in store.disks.state().copies

    shutil.rmtree(store.layout.disks["a"].with_name("a-away"))
    emptied(store, "a")
    told = looked_after(store)
    assert ("rebuilt", "a") in told
    assert list(store.differences()) == []
    # With as few others as suffice, among them the new disk.
    away(store, *("bc" if len(store.layout.disks) == 3 else "de"))
    assert all(content(store, where, name) == data for name, data in answered.items())


def test_a_disk_that_comes_back_gets_what_it_missed_and_loses_what_was_deleted(store: ManyDisks) -> None:
    with clock.using(VirtualClock()):
        where = container(store)
        put(store, where, "stays", LONG)
        put(store, where, "goes", LONG)
        store._settler.close()  # until their names are durable
        store._settler = _Settler()
        away(store, "b")
        put(store, where, "comes", LARGE)
        put(store, where, "few")
        store.write(lambda tx: tx.remove_object(where, "goes")).result()
        clock.sleep(60)
        store.tidy()
        assert ("lost", "b") in {(told.kind, told.what) for told in store.mend()}
        assert any("not mounted, or was replaced" in problem for _, problem in store.differences())
        back(store, "b")
        kinds = [told.kind for told in store.mend() if told.what == "b"]
        assert kinds[0] == "returned" and kinds[-1] == "rebuilt"
        store.tidy()
        assert list(store.differences()) == []
        files = [path.name for path in (store.layout.disks["b"] / "files").glob("*/*")]
        assert len(files) == 2


def test_an_index_copy_that_lags_is_never_read(copies: ManyDisks) -> None:
    where = container(copies)
    put(copies, where, "one", b"old")
    away(copies, "a")
    put(copies, where, "one", b"new")
    back(copies, "a")
    away(copies, "b")
    (copies.folder / "index.db").rename(copies.folder / "index.db.away")
    assert "a" not in copies.disks.state().copies
    with pytest.raises(ObjectsError):
        ManyDisks(copies.folder, copies.layout).read(lambda tx: tx.object(where, "one"))
    back(copies, "b")
    again = ManyDisks(copies.folder, copies.layout)
    assert content(again, where, "one") == b"new"
    again.close()


@pytest.mark.parametrize("first", [False, True])
def test_a_crash_between_two_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool) -> None:
    """The group was on one copy alone: the others catch up from its log."""

    def work() -> None:
        store = made(tmp_path, "three=3", 3)
        where = container(store)
        put(store, where, "one", b"first")
        name = "finish" if first else "apply"
        whole = getattr(Copy, name)

        def die(self: Copy, *arguments: Any) -> None:
            whole(self, *arguments)
            os._exit(0)

        monkeypatch.setattr(Copy, name, die)
        if first:
            monkeypatch.setattr(Copy, "apply", lambda *_: clock.sleep(9))
        else:
            monkeypatch.setattr(Copy, "finish", lambda *_: clock.sleep(9))
            monkeypatch.setattr(Copy, "apply", lambda self, s, r, t, k: (finished(self, s, r, t), os._exit(0)))
        put(store, where, "two", b"second")

    killed(work)
    store = opened(tmp_path, "three=3", 3)
    where = container(store)
    assert store.disks.state().copies.keys() == {"home", "a", "b"}
    for name in ("home", "a", "b"):
        with closing(sqlite3.connect(store.mirrors.path(name))) as connection:
            assert connection.execute("SELECT count(*) FROM objects").fetchone()[0] == 2
            assert connection.execute("SELECT max(sequence) FROM log").fetchone()[0] == 4
    assert counted(store)[0] == 2 and content(store, where, "two") == b"second"
    store.close()


def finished(copy: Copy, sequence: int, redo: bytes, statements: list[Any]) -> None:
    copy.connection.execute("BEGIN IMMEDIATE")
    for sql, values, *_ in statements:
        copy.connection.execute(sql, values)
    copy.connection.execute("INSERT INTO log VALUES (?, ?)", (sequence, redo))
    copy.connection.execute("COMMIT")


def test_a_copy_is_made_while_others_write(copies: ManyDisks) -> None:
    where, count = container(copies), 300
    done = threading.Event()

    def write() -> None:
        for number in range(count):
            put(copies, where, f"{number:03}", b"x" * 500)
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(3):
        copies.mirrors.drop({"a": RuntimeError("for the test")})
        copies.mirrors.grow("a")
    assert not done.is_set() or count
    thread.join()
    with (
        closing(sqlite3.connect(copies.mirrors.path("a"))) as one,
        closing(sqlite3.connect(copies.mirrors.path("b"))) as two,
    ):
        asked = "SELECT name, etag, bytes FROM objects"
        assert one.execute(asked).fetchall() == two.execute(asked).fetchall() and counted(copies)[0] == count
    repair.compare_copies(copies)
    assert set(copies.disks.state().copies) == {"home", "a", "b"}


def test_two_disks_are_gone_and_a_third_is_too_many(coded: ManyDisks) -> None:
    where = container(coded)
    place = placed(put(coded, where, "one", LONG))
    away(coded, place.disks[0], place.disks[5])
    assert content(coded, where, "one") == LONG
    away(coded, place.disks[3])
    with pytest.raises(ObjectsError, match="cannot be read from so few disks"):
        coded.open(place.text)
    with pytest.raises(ObjectsError, match="Only 3 disks"):
        put(coded, where, "two", LONG)
    assert coded.begin("").write(b"few") is None


def test_a_full_disk_breaks_no_other(store: ManyDisks, monkeypatch: pytest.MonkeyPatch) -> None:
    where, full = container(store), {store.layout.disks["a"]}

    def room(folder: Path) -> None:
        if any(folder == root or root in folder.parents for root in full):
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(durable, "check_room", room)
    assert content(store, where, "one") is None
    put(store, where, "one", LONG)
    put(store, where, "few", b"few")
    assert content(store, where, "one") == LONG and content(store, where, "few") == b"few"
    full |= set(store.layout.disks.values())
    with pytest.raises(NoRoom):
        put(store, where, "two", LONG)
    full.add(store.folder)
    with pytest.raises(NoRoom):
        put(store, where, "two", b"few")
    full.clear()
    store.disks._avoided.clear()
    looked_after(store)
    assert list(store.differences()) == []


def test_nothing_is_made_where_a_disk_was(copies: ManyDisks, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes between two calls of an upload that ends."""
    container(copies)
    writer, root, sync = copies.begin("three"), copies.layout.disks["a"], durable.sync_folder
    writer.write(LONG)

    def goes(folder: Path) -> None:
        sync(folder)
        if folder == root / "incoming":
            away(copies, "a")

    with monkeypatch.context() as patch:
        patch.setattr(durable, "sync_folder", goes)
        stored = writer.finish()
    assert "a" in placed(stored).disks and os.listdir(root) == []
    writer.discard()


def test_too_few_disks_take_nothing_and_leave_nothing(copies: ManyDisks) -> None:
    where = container(copies)
    writer = copies.begin("three")
    writer.write(LARGE)
    for name in "ab":
        shutil.rmtree(copies.layout.disks[name] / "incoming")
    with pytest.raises(ObjectsError, match="Only 1 disks"):
        writer.finish()
    writer.discard()
    assert [*copies.layout.disks["c"].glob("incoming/*"), *copies.layout.disks["c"].glob("files/*/*")] == []
    assert content(copies, where, "one") is None


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_whose_calls_fail_is_left_and_gets_its_files_later(
    store: ManyDisks, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    where, broken = container(store), {str(store.layout.disks["a"])}
    real = getattr(os, call)

    def failing(handle: int, *more: Any) -> Any:
        if any(os.readlink(f"/proc/self/fd/{handle}").startswith(f"{root}/") for root in broken):
            raise OSError(errno.EIO, "the disk is broken")
        return real(handle, *more)

    monkeypatch.setattr(os, call, failing)
    put(store, where, "one", LONG)
    assert content(store, where, "one") == LONG and store.disks.state().disks["a"].behind == 1
    broken |= {str(root) for root in store.layout.disks.values()}
    with pytest.raises(ObjectsError):
        put(store, where, "two", LONG)
    monkeypatch.setattr(os, call, real)
    assert content(store, where, "two") is None
    looked_after(store)
    assert list(store.differences()) == []


def test_one_process_alone_makes_a_copy_of_the_index(copies: ManyDisks) -> None:
    put(copies, container(copies), "one", b"few")
    copies.mirrors.drop({"a": RuntimeError("for the test")})
    with (copies.layout.disks["a"] / "index.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        copies.mirrors.grow("a")
        assert "a" not in copies.disks.state().copies
    copies.mirrors.grow("a")
    assert "a" in copies.disks.state().copies


def test_an_upload_that_a_crash_cuts_off_leaves_nothing_on_any_disk(tmp_path: Path) -> None:
    def work() -> None:
        writer = made(tmp_path, *POLICIES[1]).begin("coded")
        writer.write(LONG)

    killed(work)
    store = opened(tmp_path, *POLICIES[1])
    store.make()
    assert len(store.tidy()) == 6
    assert [*tmp_path.glob("?/incoming/*"), *tmp_path.glob("?/files/*/*")] == []
    store.close()


def test_another_disk_in_its_place_is_not_written_to(copies: ManyDisks) -> None:
    where = container(copies)
    one, other = copies.layout.disks["a"], copies.layout.disks["b"]
    one.rename(one.with_name("x"))
    other.rename(one)
    one.with_name("x").rename(other)
    assert "another disk's" in copies.disks.fault("a") and "another disk's" in copies.disks.fault("b")
    with pytest.raises(ObjectsError, match="Only 1 disks"):
        put(copies, where, "one", LONG)


def test_an_index_of_one_disk_gets_its_copies(tmp_path: Path) -> None:
    from kumoi.engines.objects.disk import DiskObjects

    alone = DiskObjects(tmp_path / "objects")
    where = container(alone)
    put(alone, where, "few", b"few")
    put(alone, where, "many", LARGE)
    alone.close()
    store = made(tmp_path, "three=3", 3)
    assert content(store, where, "few") == b"few" and content(store, where, "many") == LARGE
    put(store, where, "more", LARGE)
    assert set(store.disks.state().copies) == {"home", "a", "b"}
    assert list(store.differences()) == []
    store.close()


@pytest.mark.parametrize(
    ("disks", "policies", "named"),
    [
        ("a", "", "object_disks"),
        ("a=relative", "", "object_disks"),
        ("home=/x", "", "object_disks"),
        ("a=/x,b=/x", "", "object_disks"),
        ("a=/x,a=/y", "", "object_disks"),
        ("a=/x", "two=2", "needs 2 disks"),
        ("a=/x", "p=0", "object_policies"),
        ("a=/x", "p=1+0", "object_policies"),
        ("a=/x", "p=1,P=1", "twice"),
        ("a=/x", "p q=1", "object_policies"),
    ],
)
def test_settings_that_cannot_be_are_refused(disks: str, policies: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        parse(disks, policies)


def test_an_objects_name_of_a_policy_follows_its_bytes(copies: ManyDisks) -> None:
    where = container(copies)
    writer, stored = poured(copies, LARGE)
    copies.write(lambda tx: tx.put_object(where, described("one", stored), stored)).result()
    writer.keep()
    assert copies.read(lambda tx: tx.by_policy("a")) == {"three": (1, 1, len(LARGE))}
    copies.write(lambda tx: tx.remove_object(where, "one")).result()
    copies.write(lambda tx: tx.remove_container(where)).result()
    assert copies.read(lambda tx: tx.by_policy("a")) in ({"three": (0, 0, 0)}, {})
