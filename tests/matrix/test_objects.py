"""A process that works on objects dies before and after each call that changes the disk. Each object is the old one or the
new one, whole; what was answered is there; counters are exact; nothing is left over.

A sample of the points unless KUMOI_MATRIX=whole.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from kumoi import app
from kumoi.kernel import clock, randomness
from kumoi.kernel.randomness import SeededSource
from tests.matrix import objects, report
from tests.matrix.children import in_child
from tests.matrix.deaths import Calls
from tests.matrix.objects import ObjectsCloud, acts
from tests.matrix.places import Place
from tests.stepped import at

app.load_services()
WHOLE = os.environ.get("KUMOI_MATRIX") == "whole"
EVERY = 1 if WHOLE else 5
EVERY_ON_DISKS = 1 if WHOLE else 12
"""Every n-th point is tested."""
ON_DISKS = ("put few", "put many", "put few for many", "delete many", "tidy what was replaced", "complete an upload")


class Bench:
    def __init__(self, kind: type[ObjectsCloud]) -> None:
        self.place = Place()
        # boto3 signs with the machine's time, from which S3 accepts a quarter of an hour in both directions.
        with at(clock.now() + 5 * 60 * clock.SECOND), randomness.using(SeededSource(1)):
            self.cloud = kind(self.place.folder)
            objects.furnish(self.cloud)
            self.instant = clock.now()
            assert self.cloud.audit() == []
            self.cloud.pause()
        self.saved = self.place.save()

    def play(self, name: str, calls: Calls) -> tuple[bool, list[str]]:
        """Whether the client was answered, and the calls that were made."""
        self.place.load(self.saved)
        told = self.place.folder / "answered"

        def work() -> list[str]:
            with at(self.instant), randomness.using(SeededSource(2)), calls.counted():
                self.cloud.resume()
                acts[name].act(self.cloud)
                told.touch()
                self.cloud.pause()
            return calls.made

        finished, made = in_child(work)
        return told.exists(), made if finished else []

    def look(self) -> dict[str, str]:
        """What is there when sweeps have run. It must be sound."""

        def work() -> dict[str, str]:
            with at(self.instant), randomness.using(SeededSource(3)):
                self.cloud.resume()
                for _ in range(2):
                    # The second sweep removes the bytes of what expired in the first one.
                    clock.sleep(objects.LATER)
                    self.cloud.sweep_objects()
                found = objects.held(self.cloud)
                assert self.cloud.audit() == [], self.cloud.audit()
                assert (left := objects.left(self.cloud)) == [], f"left over: {left}"
                self.cloud.pause()
            return found

        found: dict[str, str] = in_child(work)[1]
        return found


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    pytest.importorskip("boto3")
    made = Bench(ObjectsCloud)
    yield made
    made.place.remove()


@pytest.fixture(scope="module")
def on_disks() -> Iterator[Bench]:
    pytest.importorskip("boto3")
    pytest.importorskip("pyeclib")
    made = Bench(objects.DisksCloud)
    yield made
    made.place.remove()


@pytest.mark.parametrize("name", sorted(acts))
def test_every_point_of(bench: Bench, name: str) -> None:
    play(bench, name, EVERY)


@pytest.mark.parametrize("name", sorted(acts) if WHOLE else ON_DISKS)
def test_every_point_on_several_disks_of(on_disks: Bench, name: str) -> None:
    play(on_disks, name, EVERY_ON_DISKS)


def play(bench: Bench, name: str, every: int) -> None:
    bench.place.load(bench.saved)
    before = bench.look()
    answered, made = bench.play(name, Calls())
    assert answered and made
    after = bench.look()
    counts = {"acts": 1, "calls": len(made), "deaths": 0, "old": 0, "new": 0}
    points = [(number, before) for number in range(1, len(made) + 1) for before in (True, False)]
    for number, early in points[sum(name.encode()) % every :: every]:
        answered, _ = bench.play(name, Calls(number, before=early))
        said = f"{name}: dead {'before' if early else 'after'} call {number}, {made[number - 1]}, of {made}"
        found = bench.look()
        counts["deaths"] += 1
        if found == after:
            counts["new"] += 1
            continue
        assert not answered, f"{said}: it was answered, and {difference(found, after)}"
        if acts[name].whole:
            assert found == before, f"{said}: {difference(found, before)}"
        for key in {*found, *before, *after}:
            assert found.get(key) in (before.get(key), after.get(key)), f"{said}: {key} is neither old nor new"
        counts["old"] += found == before
    report.note("matrix of objects", f"{name} ({type(bench.cloud).__name__})", counts)


def difference(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    keys = sorted(key for key in {*one, *other} if one.get(key) != other.get(key))
    return [f"{key}: {one.get(key)} instead of {other.get(key)}" for key in keys]
