"""The contract of every object store: a class to inherit, with fixtures."""

import hashlib
from functools import partial
from typing import Any

import pytest

from kumoi.engines.objects.interface import (
    RESOLUTION,
    ObjectsError,
    ObjectStore,
    Page,
    Stored,
    Writing,
)
from tests.engines.objects.contract_of_changes import ChangesContract
from tests.engines.objects.contract_of_versions import VersionsContract
from tests.engines.objects.doing import LARGE, container, content, counted, described, fill, poured, put
from tests.waits import at_once


class ObjectStoreContract(VersionsContract, ChangesContract):
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

    @pytest.mark.parametrize("sizes", [[1, 2], [5, 70_000, 1], [20_000, 0, 20_000], [0], [300_000] * 3, [700] * 1500])
    def test_bytes_come_in_pieces(self, store: ObjectStore, sizes: list[int]) -> None:
        where, pieces = container(store), [bytes([number % 251]) * size for number, size in enumerate(sizes)]
        writer = store.begin(store.policies()[-1])
        writer.write(b"begin")
        writer.write(*pieces)
        stored, whole = writer.finish(), b"".join([b"begin", *pieces])
        assert (stored.size, stored.etag) == (len(whole), hashlib.md5(whole).hexdigest())
        store.write(lambda tx: tx.put_object(where, described("o", stored), stored)).result()
        writer.keep()
        assert content(store, where, "o") == whole
        assert list(store.differences()) == []

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

    def test_instants_are_those_of_the_api(self, store: ObjectStore) -> None:
        assert store.read(lambda tx: tx.now) % RESOLUTION == 0
