"""The part of the contract of every object store that is about versions."""

from typing import Any

import pytest

from kumoi.engines.objects.interface import (
    Object,
    ObjectStore,
    Page,
    Reading,
    Versioning,
    VersionPage,
    Writing,
)
from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from tests.engines.objects.doing import LARGE, container, content, counted, delete, keeping, listed, put


class VersionsContract:
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
