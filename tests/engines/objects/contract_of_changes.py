"""The part of the contract of every object store that is about recorded changes."""

import pytest

from kumoi.engines.objects.interface import (
    FOLLOWED,
    Change,
    Follow,
    ObjectStore,
    Writing,
)
from tests.engines.objects.doing import LARGE, followed, put, settle, waiting


class ChangesContract:
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
