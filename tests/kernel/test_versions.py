"""Microversions as marks, at both edges."""

from typing import Annotated

import msgspec
import pytest

from kumoi.kernel.shapes import Extensible
from kumoi.kernel.versions import decode, during, narrowed, shrink, since, until


class Inner(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    always: int
    tag: Annotated[str | None, during("2.32", "2.36"), during("2.42", "2.99")] = None


class Outer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    inner: list[Inner]
    old: Annotated[str, until("2.3")] = "o"
    new: Annotated[Inner | None, since("2.4")] = None


@pytest.mark.parametrize(
    ("version", "there"), [((2, 31), 0), ((2, 32), 1), ((2, 36), 1), ((2, 37), 0), ((2, 41), 0), ((2, 42), 1)]
)
def test_a_field_that_came_went_and_came_back(version: tuple[int, int], there: int) -> None:
    body = b'{"inner": [{"always": 1, "tag": "x"}]}'
    if there:
        assert decode(body, Outer, version).inner[0].tag == "x"
    else:
        with pytest.raises(msgspec.ValidationError, match="tag"):
            decode(body, Outer, version)
    reply = shrink(Outer(inner=[Inner(always=1, tag="x")]), Outer, version)
    assert (b"tag" in msgspec.json.encode(reply)) == bool(there)


def test_absent_fields_take_their_defaults_in_the_full_type() -> None:
    value = decode(b'{"inner": [{"always": 1}]}', Outer, (2, 1))
    assert isinstance(value, Outer) and isinstance(value.inner[0], Inner)
    assert value.new is None and value.inner[0].tag is None


def test_an_unmarked_type_is_used_as_it_is() -> None:
    class Plain(msgspec.Struct):
        a: int

    assert narrowed(Plain, (2, 1)) is Plain
    assert shrink(Plain(1), Plain, (2, 1)) == Plain(1)


def test_replies_at_the_edge_of_a_removed_field() -> None:
    value = Outer(inner=[], old="x", new=Inner(always=2))
    assert msgspec.json.decode(msgspec.json.encode(shrink(value, Outer, (2, 3)))) == {"inner": [], "old": "x"}
    later = msgspec.json.decode(msgspec.json.encode(shrink(value, Outer, (2, 4))))
    assert later == {"inner": [], "new": {"always": 2}}


def test_a_field_left_out_stays_unset_in_versions_that_lack_another() -> None:
    class Change(msgspec.Struct, forbid_unknown_fields=True):
        name: str | msgspec.UnsetType = msgspec.field(name="OS-X:name", default=msgspec.UNSET)
        note: Annotated[str | msgspec.UnsetType, since("2.9")] = msgspec.UNSET

    class Body(msgspec.Struct):
        changes: list[Change]

    assert decode(b'{"changes": [{}, {"OS-X:name": "a"}]}', Body, (2, 1)) == Body([Change(), Change("a")])


def test_what_is_unset_is_left_alone_when_a_reply_shrinks() -> None:
    class Reply(msgspec.Struct, kw_only=True):
        several: list[Inner] | msgspec.UnsetType = msgspec.UNSET
        always: int = 1

    assert msgspec.json.encode(shrink(Reply(), Reply, (2, 1))) == b'{"always":1}'


@pytest.mark.parametrize(("version", "there"), [((2, 31), 0), ((2, 32), 1), ((2, 37), 0)])
def test_marks_hold_for_replies_that_are_dicts(version: tuple[int, int], there: int) -> None:
    class Reply(msgspec.Struct, kw_only=True):
        one: Inner | None = msgspec.field(name="OS-X:one", default=None)
        several: dict[str, list[Inner]] = {}
        new: Annotated[str, since("2.36")] = "n"

    inner = {"always": 1, "tag": "x"}
    reply = {"OS-X:one": inner, "several": {"a": [inner, Inner(always=2, tag="y")]}, "beside": 1, "new": "n"}
    shown = msgspec.json.decode(msgspec.json.encode(shrink(reply, Reply, version)))
    assert ("new" in shown) == (version >= (2, 36)) and shown["beside"] == 1
    for each in (shown["OS-X:one"], *shown["several"]["a"]):
        assert ("tag" in each) == bool(there)
    assert shrink({"OS-X:one": None, "several": None}, Reply, version) == {"OS-X:one": None, "several": None}


def test_what_keeps_more_keeps_it_in_every_version() -> None:
    class Kept(Extensible, kw_only=True):
        new: Annotated[str, since("2.36")] = "n"

    assert issubclass(narrowed(Kept, (2, 1)), Extensible)
