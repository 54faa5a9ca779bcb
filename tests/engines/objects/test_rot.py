"""Bytes that rot on one of several disks, and the scrubber that finds and mends them."""

from typing import Any

import pytest

from kumoi.engines.objects import repair
from kumoi.engines.objects.disks import Scrub
from kumoi.engines.objects.many import ManyDisks
from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from tests.engines.objects.doing import LARGE, container, content, put
from tests.engines.objects.many import LONG, coded, copies, file_of, looked_after, placed, rot, scrubbed, store

__all__ = ["coded", "copies", "store"]


@pytest.mark.parametrize("name", ["home", "a"])
def test_a_damaged_copy_of_the_index_is_left_and_made_anew(copies: ManyDisks, name: str) -> None:
    where = container(copies)
    put(copies, where, "one", b"bytes")
    copies.close()
    path = copies.mirrors.path(name)
    path.write_bytes(b"no database" * 5000)
    store = ManyDisks(copies.folder, copies.layout)
    assert content(store, where, "one") == b"bytes"
    put(store, where, "two")
    assert set(store.disks.state().copies) == {"home", "a", "b"} - {name}
    assert ("index_copy.lost", name) in looked_after(store)
    assert set(store.disks.state().copies) == {"home", "a", "b"} or name == "a"
    assert len(store.disks.state().copies) == 3 and list(store.differences()) == []
    store.close()


def test_a_byte_rots_in_each_place(store: ManyDisks) -> None:
    where = container(store)
    place = placed(put(store, where, "one", LONG))
    put(store, where, "few", b"some few bytes that are not repeated elsewhere")
    for number in range(len(place.disks)):
        whole = file_of(store, place, number).read_bytes()
        for at in (0, 40, len(whole) // 2, -1):
            rot(file_of(store, place, number), at)
            assert file_of(store, place, number).read_bytes() != whole
            if place.policy.coded:
                assert content(store, where, "one") == LONG
            kinds = scrubbed(store)
            assert "rot.mended" in kinds and "rot.found" not in kinds
            assert file_of(store, place, number).read_bytes() == whole
            store.disks.change(lambda state: setattr(state, "scrub", Scrub()))


@pytest.mark.parametrize("name", ["home", "a", "b"])
def test_a_byte_rots_in_a_copy_of_the_index(copies: ManyDisks, name: str) -> None:
    where, data = container(copies), b"some few bytes that are not repeated elsewhere"
    put(copies, where, "few", data)
    copies.close()
    path = copies.mirrors.path(name)
    raw = path.read_bytes()
    for part in range(raw.count(data)):  # the log has them too
        rot(path, -1 + sum(len(each) + len(data) for each in raw.split(data)[: part + 1]))
    store = ManyDisks(copies.folder, copies.layout)
    assert content(store, where, "few") == data
    scrubbed(store)
    assert name not in store.disks.state().copies
    assert content(store, where, "few") == data
    looked_after(store)
    assert len(store.disks.state().copies) == 3 and list(store.differences()) == []
    store.close()


def test_what_cannot_be_mended_is_told(copies: ManyDisks) -> None:
    where = container(copies)
    place = placed(put(copies, where, "one", LONG))
    for number in range(3):
        rot(file_of(copies, place, number))
    assert "rot.found" in scrubbed(copies)
    assert any("could not be mended" in problem for _, problem in copies.differences())
    rot(file_of(copies, place, 1))  # as it was
    copies.disks.change(lambda state: setattr(state, "scrub", Scrub()))
    assert "rot.mended" in scrubbed(copies)
    assert list(copies.differences()) == []


def test_a_round_of_the_scrubber_goes_on_where_it_was_stopped(
    copies: ManyDisks, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = container(copies)
    for number in range(4):
        put(copies, where, f"{number}", LARGE)
    read: list[str] = []
    whole = repair._check

    def check(store: Any, text: str, *rest: Any) -> None:
        if len(read) == 2:
            raise KeyboardInterrupt
        read.append(text)
        whole(store, text, *rest)

    with clock.using(VirtualClock()):
        monkeypatch.setattr(repair, "SLICE_SECONDS", 0.0)
        monkeypatch.setattr(repair, "_check", check)
        copies.scrub()
        copies.scrub()
        with pytest.raises(KeyboardInterrupt):
            copies.scrub()
        monkeypatch.setattr(repair, "SLICE_SECONDS", 1000.0)
        monkeypatch.setattr(repair, "_check", lambda store, text, *_: read.append(text))
        assert [told.kind for told in copies.scrub()] == ["scrubbed"]
        assert len(set(read)) == 4 and read == sorted(read)
        assert copies.scrub() == [] and len(read) == 4
        clock.sleep(30 * 86400)
        copies.scrub()
        assert len(read) == 8
