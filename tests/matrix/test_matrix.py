"""Death, stall and deletion at every step of every operation, in both directions: nothing is stuck, left over, or
different.

A sample of the points unless KUMOI_MATRIX=whole (`make matrix`, part of `make prove`).
"""

import os
from collections.abc import Iterator

import pytest

from kumoi import app
from kumoi.kernel import operations
from tests.matrix import interference, report, walk
from tests.matrix.recipes import recipes
from tests.matrix.walk import Bench

app.load_services()
WHOLE = os.environ.get("KUMOI_MATRIX") == "whole"
KINDS = sorted(kind for kind in operations.registry if not kind.startswith("toy."))
SAMPLE = {"sqlite": 3, "postgresql": 8}
"""Every n-th point is tested."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(request.getfixturevalue("postgresql") if request.param == "postgresql" else None)
    yield made
    made.remove()


def test_every_operation_has_a_recipe() -> None:
    """A new operation is tested as soon as tests/matrix/recipes.py has a recipe for it."""
    assert sorted({recipe.kind for recipe in recipes.values()}) == KINDS


@pytest.mark.parametrize("recipe", sorted(recipes))
def test_every_point_of(bench: Bench, recipe: str) -> None:
    matrix = Matrix(bench, recipe)
    try:
        matrix.forward()
        if recipes[recipe].ends == "done":
            matrix.backward()
            matrix.relapses()
        matrix.stalls()
        if matrix.kind in interference.deletes:
            matrix.deletions()
    finally:
        bench.place.forget(matrix.begun)
    database = "postgresql" if bench.place.server else "sqlite"
    report.note("matrix", f"{recipe} on {database}", matrix.counts)


class Matrix:
    """One started operation, from which each test continues."""

    def __init__(self, bench: Bench, recipe: str) -> None:
        self.bench, self.recipe, self.kind = bench, recipe, recipes[recipe].kind
        self.keeps = recipes[recipe].keeps
        self.begun = bench.begin(recipe)
        self.every = 1 if WHOLE else SAMPLE["postgresql" if bench.place.server else "sqlite"]
        self.counts = {"recipes": 1, "steps": len(operations.registry[self.kind].steps), "deaths": 0, "turns": 0,
                       "relapses": 0, "stalls": 0, "deletions": 0}  # fmt: skip

    def forward(self) -> None:
        self.forward_end = expected = self._walk(None)
        assert expected.state == recipes[self.recipe].ends
        steps = {step.name for step in operations.registry[self.kind].steps}
        assert {step for _, step, _ in expected.hits} == steps, "a step is never walked"
        self._die(expected, None)

    def backward(self) -> None:
        turning = walk.turning_points(self.kind)
        for fails in turning:
            expected = self._walk(fails)
            assert expected.state == "undone", f"{self.kind} failed at {fails}"
            assert self.keeps or expected.grown == [], f"{self.kind} failed at {fails}, and leaves {expected.grown}"
            self.counts["turns"] += 1
        if turning:
            self._die(expected, turning[-1])

    def relapses(self) -> None:
        """The process that takes over after a death fails at the step where it resumes. The work of the dead one must
        be undone too."""
        turning = walk.turning_points(self.kind)
        for point in self._points(self.forward_end, None, 3):
            if point.step not in turning or (point.step, point.moment) == (turning[-1], "recorded"):
                continue
            died = self.bench.run(self.begun, self.kind, death=point)
            assert died is None, f"{point} was not reached"
            end = self.bench.recover(self.kind, fails=True)
            assert end.state == "undone", f"relapse {point}"
            assert self.keeps or end.grown == [], f"relapse {point} leaves {end.grown}"
            self._clean(end, f"relapse {point}")
            self.counts["relapses"] += 1

    def stalls(self) -> None:
        """A runner sleeps past its lease. When it wakes, another has done the work, and it must change nothing."""
        for point in self._points(self.forward_end, None, 1):
            end = self.bench.interfered(self.begun, point, interference.stall)
            self._same(end, self.forward_end, f"stall {point}")
            self.counts["stalls"] += 1

    def deletions(self) -> None:
        """Without the last point, at which the operation is complete."""
        for delete in interference.deletes[self.kind]:
            for point in self._points(self.forward_end, None, 2):
                if (point.step, point.moment) == (operations.registry[self.kind].steps[-1].name, "recorded"):
                    continue
                said = f"{delete.__name__} at {point}"
                end = self.bench.interfered(self.begun, point, delete)
                assert end.state == "superseded", said
                self._clean(end, said)
                self.counts["deletions"] += 1

    def _walk(self, fails: str | None) -> walk.End:
        end = self.bench.run(self.begun, self.kind, fails=fails)
        assert end is not None
        self._clean(end, f"{self.kind}, {fails or 'nothing'} fails")
        return end

    def _die(self, expected: walk.End, fails: str | None) -> None:
        for point in self._points(expected, fails, 0):
            died = self.bench.run(self.begun, self.kind, fails=fails, death=point)
            assert died is None, f"{point} was not reached"
            self._same(self.bench.recover(self.kind), expected, f"death {point}")
            self.counts["deaths"] += 1

    def _points(self, expected: walk.End, fails: str | None, offset: int) -> list[walk.Point]:
        found = list(walk.points(self.kind, expected.hits, fails))
        return found[(sum(self.recipe.encode()) + offset) % self.every :: self.every]

    @staticmethod
    def _clean(end: walk.End, said: str) -> None:
        assert end.audit == [], said
        assert end.left == {}, said

    def _same(self, end: walk.End, expected: walk.End, said: str) -> None:
        self._clean(end, said)
        assert end.state == expected.state, said
        assert end.count == expected.count, said
        differing = sorted(set(end.rows) ^ set(expected.rows))
        assert not differing, f"{said}: {differing}"
        assert end.rows == expected.rows, said
