"""Each class in the table implements its interface completely."""

from typing import Protocol, get_args, get_type_hints

import pytest

from kumoi.engines.implementations import TABLE, Incomplete, check, implementation, load
from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.interface import Topology
from kumoi.kernel.settings import Settings

ALL = [(interface, path) for interface, known in TABLE.items() for path in known.classes.values()]


@pytest.mark.parametrize(("interface", "path"), ALL, ids=[path.rpartition(":")[2] for _, path in ALL])
def test_complete(interface: type, path: str) -> None:
    load(interface, path)


@pytest.mark.parametrize("interface", TABLE, ids=lambda interface: interface.__name__)
def test_every_value_of_the_setting_has_a_class(interface: type) -> None:
    known = TABLE[interface]
    values = get_args(get_type_hints(Settings)[known.setting]) if known.setting else [""]
    assert set(known.classes) == set(values)


def test_a_setting_chooses() -> None:
    assert implementation(Topology, Settings(network="fake")) is FakeTopology
    assert implementation(Topology, Settings(network="ovn")) is not FakeTopology


class Lamp(Protocol):
    def light(self, watts: int, colour: str = "white") -> bool: ...

    def darken(self) -> None: ...


class Whole:
    def light(self, watts: int, colour: str = "white") -> bool:
        return bool(watts) and colour != ""

    def darken(self) -> None: ...

    def dust(self) -> None: ...


class WithoutOne:
    light = Whole.light


class OtherName(Whole):
    def light(self, power: int, colour: str = "white") -> bool:
        return bool(power)


class OtherDefault(Whole):
    def light(self, watts: int, colour: str = "red") -> bool:
        return bool(watts)


class OtherType(Whole):
    def light(self, watts: int, colour: str = "white") -> int:  # type: ignore[override]
        return watts


def test_whole_is_accepted() -> None:
    check(Lamp, Whole)


@pytest.mark.parametrize(
    ("lamp", "method"),
    [(WithoutOne, "darken"), (OtherName, "light"), (OtherDefault, "light"), (OtherType, "light")],
)
def test_incomplete_is_refused(lamp: type, method: str) -> None:
    with pytest.raises(Incomplete, match=rf"{lamp.__name__} is no Lamp: {method}\("):
        check(Lamp, lamp)
