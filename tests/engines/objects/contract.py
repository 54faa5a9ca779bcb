"""The contract of every object store: a class to inherit, with fixtures."""

import hashlib
from functools import partial
from typing import Any

import pytest

from kumoi.engines.objects.interface import (
    FOLLOWED,
    RESOLUTION,
    Change,
    Container,
    Follow,
    Object,
    ObjectsError,
    ObjectStore,
    Page,
    Reading,
    Stored,
    Versioning,
    VersionPage,
    Writer,
    Writing,
)
from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from tests.waits import at_once

LARGE = bytes(range(256)) * 1000


def container(store: ObjectStore, name: str = "c") -> Container:
    return store.write(lambda tx: tx.put_container("a", name, {}, store.policies()[-1])).result()


def described(name: str, stored: Stored | None, **more: Any) -> Object:
    size, etag = (stored.size, stored.etag) if stored else (0, "e")
    return Object(name=name, size=size, etag=etag, content_type="t", at=1, entry=f'"{name}"', **more)


def poured(store: ObjectStore, data: bytes) -> tuple[Writer, Stored]:
    writer = store.begin(store.policies()[-1])
    for begin in range(0, len(data), 50_000):
        writer.write(data[begin : begin + 50_000])
    return writer, writer.finish()


def put(store: ObjectStore, where: Container, name: str, data: bytes = b"bytes", **more: Any) -> Stored:
    writer, stored = poured(store, data)
    store.write(lambda tx: tx.put_object(where, described(name, stored, **more), stored)).result()
    writer.keep()
    return stored


def fill(store: ObjectStore, where: Container, *names: str) -> None:
    def work(tx: Writing) -> None:
        for name in names:
            stored = Stored(1, "e", b"x", None)
            tx.put_object(where, described(name, stored), stored)

    store.write(work).result()


def followed(store: ObjectStore, follow: str, name: str = "c") -> Container:
    return store.write(lambda tx: tx.put_container("a", name, {FOLLOWED: follow}, "default")).result()


def waiting(store: ObjectStore, where: Container) -> list[Change]:
    return store.read(lambda tx: tx.changes(where, 0, 9))


def settle(store: ObjectStore, where: Container, change: Change) -> None:
    store.write(lambda tx: tx.settle_change(where, change, again=False)).result()


def content(store: ObjectStore, where: Container, name: str) -> bytes | None:
    found = store.read(lambda tx: tx.object(where, name))
    if found is None:
        return None
    if found.place is None:
        return store.read(lambda tx: tx.data(where, name))
    with store.open(found.place) as file:
        return file.read()


def keeping(store: ObjectStore, versioning: Versioning = Versioning.ENABLED, name: str = "c") -> Container:
    """The container, which keeps versions."""
    where = container(store, name)
    store.write(lambda tx: tx.set_versioning(where, versioning)).result()
    return container(store, name)


def delete(store: ObjectStore, where: Container, name: str) -> None:
    store.write(lambda tx: tx.put_marker(where, described(name, Stored(0, "e", b"", None)))).result()


def listed(store: ObjectStore, where: Container, **page: Any) -> str:
    """`name:bytes`, the newest first; `*` for the current one, `-` for delete markers, `?` for null versions."""

    def show(tx: Reading) -> list[str]:
        shown = []
        for each in tx.versions(where, VersionPage(**{"limit": 100, **page})):
            if each.entry is None:
                shown.append(f"[{each.name}]")
                continue
            found = tx.version(where, each.name, each.version)
            assert found is not None and (found.version, found.named) == (each.version, each.named)
            data = "-" if each.marker else str(found.size)
            shown.append(f"{each.name}:{data}{'' if each.named else '?'}{'*' if each.latest else ''}")
        return shown

    return " ".join(store.read(show))


def counted(store: ObjectStore, name: str = "c") -> tuple[int, int, int, int]:
    def look(tx: Reading) -> tuple[int, int, int, int]:
        account, found = tx.account("a"), tx.container("a", name)
        assert account is not None and found is not None
        return account.objects, account.bytes, found.objects, found.bytes

    return store.read(look)


class ObjectStoreContract:
    @pytest.fixture
    def store(self) -> Any:
        raise NotImplementedError

    @pytest.mark.parametrize("data", [b"", b"few", LARGE])
    def test_bytes_come_and_go(self, store: ObjectStore, data: bytes) -> None:
        where = container(store)
        stored = put(store, where, "one", data)
        assert (stored.size, stored.etag) == (len(data), hashlib.md5(data).hexdigest())
        assert content(store, where, "one") == data
        assert counted(store) == (1, len(data), 1, len(data))
        put(store, where, "one", b"others")
        assert content(store, where, "one") == b"others"
        assert counted(store) == (1, 6, 1, 6)
        assert store.write(lambda tx: tx.remove_object(where, "one")).result()
        assert not store.write(lambda tx: tx.remove_object(where, "one")).result()
        assert content(store, where, "one") is None
        assert counted(store) == (0, 0, 0, 0)
        store.tidy()
        assert list(store.differences()) == []

    @pytest.mark.parametrize("data", [b"few", LARGE])
    def test_metadata_changes_and_bytes_stay(self, store: ObjectStore, data: bytes) -> None:
        where = container(store)
        put(store, where, "one", data, metadata={"x": "1"})

        def change(tx: Writing) -> None:
            found = tx.object(where, "one")
            assert found is not None and found.metadata == {"x": "1"}
            found.metadata = {"y": "2"}
            tx.put_object(where, found, None)

        store.write(change).result()
        found = store.read(lambda tx: tx.object(where, "one"))
        assert found is not None and found.metadata == {"y": "2"}
        assert content(store, where, "one") == data
        assert counted(store) == (1, len(data), 1, len(data))
        assert list(store.differences()) == []

    def test_it_knows_whether_it_is_used(self, store: ObjectStore) -> None:
        assert not store.is_used() and store.tidy() == [] and list(store.differences()) == []
        assert not store.is_used()
        container(store)
        assert store.is_used()

    def test_what_raises_changes_nothing_and_harms_nobody(self, store: ObjectStore) -> None:
        where = container(store)

        def half(tx: Writing) -> None:
            tx.put_object(where, described("half", None), Stored(0, "e", b"", None))
            tx.put_container("a", "other", {}, "")
            raise KeyError("half")

        futures = [store.write(half), store.write(lambda tx: tx.put_account("b", {"x": "1"})), store.write(half)]
        assert futures[1].result().metadata == {"x": "1"}
        for future in (futures[0], futures[2]):
            assert isinstance(future.exception(), KeyError)
        assert store.read(lambda tx: tx.container("a", "other")) is None
        assert counted(store) == (0, 0, 0, 0)

    def test_bytes_that_nobody_took_go(self, store: ObjectStore) -> None:
        writer, stored = poured(store, LARGE)
        writer.discard()
        writer.discard()
        assert stored.place is not None
        with pytest.raises(ObjectsError):
            store.open(stored.place)
        assert list(store.differences()) == []

    def test_many_writers_count_exactly(self, store: ObjectStore) -> None:
        where = container(store)

        def write(number: int) -> None:
            for each in range(20):
                put(store, where, f"{each % 10}", b"x" * (number + 1))

        at_once([partial(write, number) for number in range(8)])
        objects, size, *_ = counted(store)
        assert objects == 10
        assert size == sum(len(content(store, where, str(each)) or b"") for each in range(10))
        assert list(store.differences()) == []

    def test_containers_have_names_of_their_own(self, store: ObjectStore) -> None:
        first = container(store, "b")
        assert container(store, "b").id == first.id
        fill(store, first, "one")
        other = store.write(lambda tx: tx.put_container("other", "b", {}, "")).result()
        assert other.id != first.id and store.read(lambda tx: tx.object(other, "one")) is None
        container(store, "a")
        listed = store.read(lambda tx: tx.containers("a", Page(limit=10)))
        assert [(name, row and row.objects) for name, row in listed] == [("a", 0), ("b", 1)]
        store.write(lambda tx: tx.remove_object(first, "one")).result()
        store.write(lambda tx: tx.remove_container(first)).result()
        assert store.read(lambda tx: tx.container("a", "b")) is None
        account = store.read(lambda tx: tx.account("a"))
        assert account is not None and account.containers == 1
        assert container(store, "b").id != first.id
        assert list(store.differences()) == []

    @pytest.mark.parametrize(
        ("page", "expected"),
        [
            ({}, "a a/ a/1 a/b/2 a/b/3 b b/c ü"),
            ({"limit": 2}, "a a/"),
            ({"marker": "a/1"}, "a/b/2 a/b/3 b b/c ü"),
            ({"end_marker": "a/1"}, "a a/"),
            ({"prefix": "a/"}, "a/ a/1 a/b/2 a/b/3"),
            ({"delimiter": "/"}, "a [a/] b [b/] ü"),
            ({"delimiter": "/", "limit": 2}, "a [a/]"),
            ({"delimiter": "/", "marker": "a/"}, "b [b/] ü"),
            ({"delimiter": "/", "prefix": "a/"}, "a/ a/1 [a/b/]"),
            ({"delimiter": "/", "prefix": "a/", "flat": True}, "a/1"),
            ({"delimiter": "/", "flat": True}, "a a/ b ü"),
            ({"reverse": True}, "ü b/c b a/b/3 a/b/2 a/1 a/ a"),
            ({"reverse": True, "marker": "b", "end_marker": "a/"}, "a/b/3 a/b/2 a/1"),
            ({"reverse": True, "delimiter": "/"}, "ü [b/] b [a/] a"),
            ({"delimiter": "b/", "prefix": "a"}, "a a/ a/1 [a/b/]"),
            ({"prefix": "\U0010ffff"}, ""),
        ],
    )
    def test_pages(self, store: ObjectStore, page: dict[str, Any], expected: str) -> None:
        where = container(store)
        fill(store, where, "b/c", "a/b/3", "a", "ü", "a/1", "b", "a/b/2", "a/")
        wanted = Page(**{"limit": 100, **page})
        shown = store.read(lambda tx: tx.objects(where, wanted))
        assert " ".join(each.name if each.entry else f"[{each.name}]" for each in shown) == expected
        assert all(each.entry in (None, f'"{each.name}"') for each in shown)
        if not wanted.delimiter:
            assert store.read(lambda tx: tx.names(where, wanted)).decode().split() == expected.split()
            assert store.read(lambda tx: tx.entries(where, wanted)).decode() == ",".join(
                f'"{each.name}"' for each in shown
            )

    def test_folders_of_any_size_cost_one_look(self, store: ObjectStore) -> None:
        where = container(store)
        fill(store, where, *(f"{folder}/{number:04}" for folder in "abc" for number in range(300)), "d")
        for more in ({}, {"reverse": True}):
            shown = store.read(lambda tx, more=more: tx.objects(where, Page(limit=10, delimiter="/", **more)))  # type: ignore[misc]
            assert sorted(each.name for each in shown) == ["a/", "b/", "c/", "d"]

    @pytest.mark.parametrize("data", [b"few", LARGE])
    def test_bytes_move_under_another_name(self, store: ObjectStore, data: bytes) -> None:
        here, there = container(store), container(store, "d")
        put(store, here, "one", data)
        put(store, there, "two", b"others")
        put(store, here, "stays")

        def move(tx: Writing) -> None:
            found = tx.object(here, "one")
            assert found is not None
            found.name, found.entry = "two", '"two"'
            tx.move_object(here, "one", there, found)

        store.write(move).result()
        assert content(store, here, "one") is None and content(store, there, "two") == data
        assert counted(store) == (2, len(data) + 5, 1, 5) and counted(store, "d")[2:] == (1, len(data))
        store.tidy()
        assert list(store.differences()) == []

    def test_what_expires_is_told(self, store: ObjectStore) -> None:
        where = container(store)
        put(store, where, "late", delete_at=200)
        put(store, where, "soon", delete_at=100)
        put(store, where, "never")
        due = store.read(lambda tx: tx.expired(150, 10))
        assert [(found.name, name) for found, name in due] == [("c", "soon")]

    def test_a_container_keeps_old_versions(self, store: ObjectStore) -> None:
        where = container(store)
        put(store, where, "one", b"1")
        where = keeping(store)
        for data in (b"22", LARGE, b"4444"):
            put(store, where, "one", data)
        put(store, where, "two", b"1")
        assert listed(store, where) == f"one:4* one:{len(LARGE)} one:2 one:1? two:1*"
        assert content(store, where, "one") == b"4444"
        size = 4 + len(LARGE) + 2 + 1 + 1
        assert counted(store) == (5, size, 2, size)
        found = store.read(lambda tx: tx.container("a", "c"))
        assert found is not None and found.versions == 3
        delete(store, where, "one")
        delete(store, where, "never")
        assert content(store, where, "one") is None
        assert listed(store, where, prefix="one") == f"one:-* one:4 one:{len(LARGE)} one:2 one:1?"
        assert listed(store, where, prefix="never") == "never:-*"
        assert counted(store) == (7, size, 1, size)
        assert [each.name for each in store.read(lambda tx: tx.objects(where, Page(limit=9)))] == ["two"]
        store.tidy()
        assert list(store.differences()) == []

    def test_each_version_has_its_bytes(self, store: ObjectStore) -> None:
        where = keeping(store)
        datas = [b"", b"few", LARGE, b"more"]
        for data in datas:
            put(store, where, "one", data)

        def read(tx: Reading) -> list[bytes | str]:
            rows = tx.versions(where, VersionPage(limit=9))
            found = [tx.version(where, "one", each.version) for each in rows]
            return [each.place or tx.data(where, "one", each.version) for each in found if each]

        got = [store.open(each).read() if isinstance(each, str) else each for each in store.read(read)]
        assert got == datas[::-1]
        assert store.read(lambda tx: tx.version(where, "one", 1)) is None
        assert store.read(lambda tx: tx.version(where, "one", None)) is None

    def test_a_suspended_container_has_one_null_version(self, store: ObjectStore) -> None:
        where = container(store)
        put(store, where, "one", LARGE)
        where = keeping(store)
        put(store, where, "one", b"22")
        where = keeping(store, Versioning.SUSPENDED)
        put(store, where, "one", b"333")
        assert listed(store, where) == "one:3?* one:2"
        put(store, where, "one", b"4444")
        assert listed(store, where) == "one:4?* one:2" and counted(store) == (2, 6, 1, 6)
        delete(store, where, "one")
        assert listed(store, where) == "one:-?* one:2" and counted(store) == (2, 2, 0, 2)
        where = keeping(store)
        put(store, where, "one", b"55555")
        assert listed(store, where) == "one:5* one:-? one:2"
        where = keeping(store, Versioning.SUSPENDED)
        put(store, where, "one", b"666666")
        assert listed(store, where) == "one:6?* one:5 one:2" and counted(store) == (3, 13, 1, 13)
        store.tidy()
        assert list(store.differences()) == []

    def test_versions_go_and_come_back(self, store: ObjectStore) -> None:
        where = keeping(store)
        for data in (b"1", LARGE, b"333"):
            put(store, where, "one", data, delete_at=500)

        def version(tx: Reading, place: int) -> Object:
            rows = tx.versions(where, VersionPage(limit=9))
            found = tx.version(where, "one", rows[place].version)
            assert found is not None
            return found

        store.write(lambda tx: tx.restore_version(where, version(tx, 2))).result()
        assert listed(store, where) == f"one:3 one:{len(LARGE)} one:1*" and content(store, where, "one") == b"1"
        found = store.read(lambda tx: tx.object(where, "one"))
        assert found is not None and found.delete_at is None
        put(store, where, "one", b"4444")
        assert listed(store, where) == f"one:4* one:3 one:{len(LARGE)} one:1"
        assert store.read(lambda tx: tx.expired(1000, 9)) == []
        store.write(lambda tx: tx.remove_version(where, version(tx, 0))).result()
        assert content(store, where, "one") is None
        assert listed(store, where) == f"one:3 one:{len(LARGE)} one:1"
        delete(store, where, "one")
        store.write(lambda tx: tx.remove_version(where, version(tx, 0))).result()
        store.write(lambda tx: tx.remove_version(where, version(tx, 1))).result()
        assert listed(store, where) == "one:3 one:1" and counted(store) == (2, 4, 0, 4)
        for _ in range(2):
            store.write(lambda tx: tx.remove_version(where, version(tx, 0))).result()
        assert counted(store) == (0, 0, 0, 0)
        store.tidy()
        assert list(store.differences()) == []

    def test_metadata_of_an_old_version_changes(self, store: ObjectStore) -> None:
        where = keeping(store)
        put(store, where, "one", b"1", metadata={"x": "1"})
        put(store, where, "one", LARGE, metadata={"x": "2"})
        put(store, where, "one", b"3", metadata={"x": "3"})

        def change(tx: Writing) -> None:
            for each in tx.versions(where, VersionPage(limit=9)):
                found = tx.version(where, "one", each.version)
                assert found is not None
                found.metadata = {"y": found.metadata["x"]}
                tx.put_object(where, found, None)

        store.write(change).result()
        shown = store.read(
            lambda tx: [tx.version(where, "one", v.version) for v in tx.versions(where, VersionPage(limit=9))]
        )
        assert [each.metadata for each in shown if each] == [{"y": "3"}, {"y": "2"}, {"y": "1"}]
        assert listed(store, where) == f"one:1* one:{len(LARGE)} one:1" and content(store, where, "one") == b"3"
        assert list(store.differences()) == []

    @pytest.mark.parametrize(
        ("page", "expected"),
        [
            ({}, "a/1:1* a/1:2 a/2:-* a/2:1 b:1* b:2 b:3 b1:1* ü:1*"),
            ({"limit": 2}, "a/1:1* a/1:2"),
            ({"reverse": True}, "ü:1* b1:1* b:3 b:2 b:1* a/2:1 a/2:-* a/1:2 a/1:1*"),
            ({"prefix": "b"}, "b:1* b:2 b:3 b1:1*"),
            ({"marker": "a/1"}, "a/2:-* a/2:1 b:1* b:2 b:3 b1:1* ü:1*"),
            ({"marker": "b"}, "b1:1* ü:1*"),
            ({"end_marker": "b"}, "a/1:1* a/1:2 a/2:-* a/2:1"),
            ({"marker": "b", "reverse": True}, "a/2:1 a/2:-* a/1:2 a/1:1*"),
            ({"marker": "b", "end_marker": "a/1", "reverse": True}, "a/2:1 a/2:-*"),
            ({"delimiter": "/"}, "[a/] b:1* b:2 b:3 b1:1* ü:1*"),
            ({"delimiter": "/", "limit": 3}, "[a/] b:1* b:2"),
            ({"delimiter": "/", "marker": "a/"}, "b:1* b:2 b:3 b1:1* ü:1*"),
            ({"delimiter": "/", "prefix": "a/"}, "a/1:1* a/1:2 a/2:-* a/2:1"),
            ({"delimiter": "/", "reverse": True}, "ü:1* b1:1* b:3 b:2 b:1* [a/]"),
            ({"delimiter": "9"}, "a/1:1* a/1:2 a/2:-* a/2:1 b:1* b:2 b:3 b1:1* ü:1*"),
        ],
    )
    def test_pages_of_versions(self, store: ObjectStore, page: dict[str, Any], expected: str) -> None:
        where = keeping(store)
        for name, sizes in {"b": (3, 2, 1), "a/1": (2, 1), "a/2": (1,), "ü": (1,), "b1": (1,)}.items():
            for size in sizes:
                put(store, where, name, b"x" * size)
        delete(store, where, "a/2")
        assert listed(store, where, **page) == expected

    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("delimiter", ["", "/"])
    def test_pages_of_versions_meet(self, store: ObjectStore, reverse: bool, delimiter: str) -> None:
        where = keeping(store)
        for name in ("a/1", "a/2", "b", "c/1", "d"):
            for size in range(1, 4):
                put(store, where, name, b"x" * size)
        delete(store, where, "b")
        whole = listed(store, where, reverse=reverse, delimiter=delimiter)
        for limit in (1, 2, 5):
            found: list[str] = []
            page: dict[str, Any] = {"limit": limit, "reverse": reverse, "delimiter": delimiter}
            while shown := listed(store, where, **page):
                found.append(shown)
                last = store.read(lambda tx, page=page: tx.versions(where, VersionPage(**page)))[-1]  # type: ignore[misc]
                page = {**page, "marker": last.name, "version_marker": last.version if last.entry else None}
            assert " ".join(found) == whole

    def test_versions_of_one_instant_have_an_order(self, store: ObjectStore) -> None:
        with clock.using(VirtualClock()):
            where = keeping(store)
            for size in range(1, 5):
                put(store, where, "one", b"x" * size)
            assert listed(store, where) == "one:4* one:3 one:2 one:1"

    def test_instants_are_those_of_the_api(self, store: ObjectStore) -> None:
        assert store.read(lambda tx: tx.now) % RESOLUTION == 0

    def test_changes_wait_until_they_are_settled(self, store: ObjectStore) -> None:
        where = followed(store, Follow.CHANGES)
        put(store, where, "one")
        put(store, where, "two", LARGE)
        put(store, where, "one")
        store.write(lambda tx: tx.remove_object(where, "two", 7)).result()
        first, second = waiting(store, where)
        assert (first.name, first.at, first.gone) == ("one", 1, False)
        assert (second.name, second.at, second.gone) == ("two", 7, True) and first.id < second.id
        assert [each.name for each in store.read(lambda tx: tx.changes(where, first.id, 9))] == ["two"]
        assert store.read(lambda tx: tx.removed_at(where, "two")) == 7
        store.write(lambda tx: tx.settle_change(where, first, again=True)).result()
        assert [each.name for each in waiting(store, where)] == ["two", "one"]
        put(store, where, "one")
        store.write(lambda tx: tx.settle_change(where, first, again=False)).result()
        assert [each.name for each in waiting(store, where)] == ["two", "one"]
        for change in waiting(store, where):
            settle(store, where, change)
        assert waiting(store, where) == []
        assert store.read(lambda tx: tx.removed_at(where, "two")) == 7
        store.write(lambda tx: tx.forget_changes(8, 9)).result()
        assert store.read(lambda tx: tx.removed_at(where, "two")) is None

    def test_bytes_that_move_are_a_removal_and_a_change(self, store: ObjectStore) -> None:
        here, there = followed(store, Follow.CHANGES), followed(store, Follow.CHANGES, "d")
        put(store, here, "one")

        def move(tx: Writing) -> None:
            found = tx.object(here, "one")
            assert found is not None
            found.name = "two"
            tx.move_object(here, "one", there, found)

        store.write(move).result()
        assert [(each.name, each.gone) for each in waiting(store, here)] == [("one", True)]
        assert [(each.name, each.gone) for each in waiting(store, there)] == [("two", False)]

    @pytest.mark.parametrize(("follow", "at"), [(Follow.REMOVALS, 9), ("", None)])
    def test_removals_alone_are_kept(self, store: ObjectStore, follow: str, at: int | None) -> None:
        where = followed(store, follow)
        put(store, where, "one")
        store.write(lambda tx: tx.remove_object(where, "one", 9)).result()
        assert waiting(store, where) == []
        assert store.read(lambda tx: tx.removed_at(where, "one")) == at
        put(store, where, "one")
        assert store.read(lambda tx: tx.removed_at(where, "one")) is None

    def test_followers_go_with_their_container(self, store: ObjectStore) -> None:
        where = followed(store, Follow.CHANGES)
        store.write(lambda tx: tx.put_follower(where, b"state")).result()
        assert [(each.name, each.metadata, state) for each, state in store.read(lambda tx: tx.followers())] == [
            ("c", {FOLLOWED: Follow.CHANGES}, b"state")
        ]
        put(store, where, "one")
        store.write(lambda tx: (tx.remove_object(where, "one"), tx.remove_container(where))).result()
        assert store.read(lambda tx: tx.followers()) == []
        assert store.read(lambda tx: tx.follower(where)) is None

    def test_a_refused_transaction_records_nothing(self, store: ObjectStore) -> None:
        where = followed(store, Follow.CHANGES)

        def refuse(tx: Writing) -> None:
            tx.note_change(where, Change(0, "one", 1, False))
            raise KeyError

        refused = store.write(refuse)
        with pytest.raises(KeyError):
            refused.result()
        assert waiting(store, where) == []
