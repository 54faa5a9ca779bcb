"""The crash matrix: runs every operation with a death at three moments of each step, in both directions, and collects
the results."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import clock, operations, runner
from kumoi.kernel.operations import Failed
from kumoi.kernel.runner import LEASE_SECONDS
from tests.cloud import PROJECT
from tests.databases import PostgreSQL
from tests.matrix import outcome
from tests.matrix.children import DIED, in_child
from tests.matrix.places import Place, Saved
from tests.matrix.recipes import environment, recipes
from tests.services.compute.world import World
from tests.stepped import SteppedCloud, at

SWEPT = 15.0
"""Seconds until every sweep that mends a guest's state has run once more."""


@dataclass(frozen=True)
class Point:
    """A point at which something happens. `fails`: the step after whose engine call the operation is turned round."""

    kind: str
    step: str
    direction: str
    moment: str
    fails: str | None = None

    def __str__(self) -> str:
        turned = f" (after {self.fails} failed)" if self.fails else ""
        return f"{self.kind}: {self.moment} {self.step} {self.direction}{turned}"


@dataclass
class End:
    """The result of an operation."""

    state: str
    audit: list[dict[str, Any]]
    rows: list[str]
    count: dict[str, Any]
    left: dict[str, Any]
    """Differences of engines and quotas after everything was deleted."""
    grown: list[str] = field(default_factory=list)
    """The kinds of which the engines have more than before the operation."""
    hits: list[tuple[str, str, str]] = field(default_factory=list)
    """(direction, step, moment) in the order in which they came."""


class Bench:
    """A place on one kind of database, with an open cloud in this process. Children are forked from it."""

    def __init__(self, server: PostgreSQL | None = None) -> None:
        self.place = Place(server)
        with at():
            self.cloud = SteppedCloud(self.place.folder, self.place.url)
            world = environment(self.cloud)
            self.cloud.settle()
            assert self.cloud.audit() == [], self.cloud.audit()
            self._note(world={"image": world.image, "network": world.network, "subnet": world.subnet})
            self._note(first=outcome.engines(self.cloud), used=outcome.usages(self.cloud, PROJECT), operation=None)
            self._leave()
            self.first = self.place.save()
            self._warm(world)

    def remove(self) -> None:
        self.place.remove()

    def begin(self, recipe: str) -> Saved:
        """The operation exists; no step was executed."""
        kind = recipes[recipe].kind

        def work(noted: dict[str, Any]) -> None:
            recipes[recipe].start(World(self.cloud, **noted["world"]))
            found = [row for row in self.cloud.database.read(operations.unfinished) if row["kind"] == kind]
            assert len(found) == 1, f"the recipe of {recipe} leaves {len(found)} of its operations begun"
            assert found[0]["step"] == operations.registry[kind].steps[0].name and found[0]["attempts"] == 0
            self._note(operation=found[0]["id"], begun=outcome.count(self.cloud))
            self._leave()

        self._child(self.first, work)
        return self.place.save()

    def run(self, begun: Saved, kind: str, *, fails: str | None = None, death: Point | None = None) -> End | None:
        """Execute it. None if it died at the point."""

        def work(noted: dict[str, Any]) -> End:
            hits: list[tuple[str, str, str]] = []
            failed: list[str] = []

            def probe(moment: str, walked: str, step: str, direction: str) -> None:
                if walked != kind:
                    return
                if death and (death.step, death.direction, death.moment) == (step, direction, moment):
                    self._note(clock=clock.now())
                    os._exit(DIED)
                hits.append((direction, step, moment))
                if fails == step and (direction, moment) == ("forward", "called") and not failed:
                    failed.append(step)
                    raise Failed("it was told to fail")

            runner.probe = probe
            return self._end(noted, hits)

        finished, end = self._child(begun, work)
        return end if finished else None

    def recover(self, kind: str, *, fails: bool = False) -> End:
        """After a death: a new process takes over when the lease expires. `fails`: it fails at its first step."""

        def work(noted: dict[str, Any]) -> End:
            failed: list[str] = []

            def probe(moment: str, walked: str, step: str, direction: str) -> None:
                if fails and not failed and walked == kind:
                    assert (moment, direction) == ("before", "forward"), (
                        f"{kind} goes on with {moment} {step} {direction}"
                    )
                    failed.append(step)
                    raise Failed("it was told to fail")

            runner.probe = probe
            clock.sleep(LEASE_SECONDS + 1)
            return self._end(noted, [])

        end: End = self._child(None, work)[1]
        return end

    def interfered(self, begun: Saved, point: Point, interfere: Callable[[SteppedCloud, str], None]) -> End:
        """`interfere(cloud, operation id)` happens once, at the point, in the midst of the walk."""

        def work(noted: dict[str, Any]) -> End:
            done: list[bool] = []

            def probe(moment: str, walked: str, step: str, direction: str) -> None:
                here = (walked, moment, step, direction) == (point.kind, point.moment, point.step, point.direction)
                if here and not done:
                    done.append(True)
                    interfere(self.cloud, noted["operation"])

            runner.probe = probe
            end = self._end(noted, [])
            assert done, f"{point} was not reached"
            return end

        end: End = self._child(begun, work)[1]
        return end

    def _child(self, begin: Saved | None, work: Callable[[dict[str, Any]], Any]) -> tuple[bool, Any]:
        if begin is not None:
            self.place.load(begin)

        def inside() -> Any:
            noted = self._noted()
            with at(noted["clock"]):
                self.cloud.resume()
                return work(noted)

        return in_child(inside)

    def _warm(self, world: World) -> None:
        """Statements are compiled once, not in every child."""
        self.cloud.resume()
        recipes["server.delete"].start(world)
        self._end(self._noted(), [])
        self.cloud.pause()

    def _end(self, noted: dict[str, Any], hits: list[tuple[str, str, str]]) -> End:
        cloud = self.cloud
        cloud.settle()
        clock.sleep(SWEPT)
        cloud.settle()
        state = cloud.database.read(
            lambda tx: tx.scalar(
                sa.select(operations.operations.c.state).where(operations.operations.c.id == noted["operation"])
            )
        )
        end = End(state, cloud.audit(), outcome.rows(cloud), outcome.count(cloud), {}, [], hits)
        # Power actions do not undo a guest's plugs. The audit checks which plugs belong.
        begun = noted.get("begun", end.count)
        end.grown = [
            name
            for name, things in end.count.items()
            if name != "plugs" and outcome.size(things) > outcome.size(begun[name])
        ]
        outcome.clear(cloud)
        end.audit += cloud.audit()
        now = outcome.engines(cloud)
        end.left = {name: things for name, things in now.items() if things != noted["first"][name]}
        used = outcome.usages(cloud, PROJECT)
        if used != noted["used"]:
            end.left["quotas"] = used
        return end

    def _noted(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.place.folder / "proof.json").read_text())
        return found

    def _note(self, **values: Any) -> None:
        path = self.place.folder / "proof.json"
        noted = self._noted() if path.exists() else {}
        path.write_text(json.dumps({**noted, **values}))

    def _leave(self) -> None:
        self._note(clock=clock.now())
        self.cloud.pause()


def turning_points(kind: str) -> list[str]:
    """The steps that may fail and are then undone: up to the pivot."""
    operation = operations.registry[kind]
    if operation.forward_only:
        return []
    names = []
    for step in operation.steps:
        names.append(step.name)
        if step.pivot:
            break
    return names


def points(kind: str, hits: list[tuple[str, str, str]], fails: str | None) -> Iterator[Point]:
    """A point for each place that was passed. For an operation that fails: only those of the way back."""
    for direction, step, moment in dict.fromkeys(hits):
        if fails is None or direction == "backward":
            yield Point(kind, step, direction, moment, fails)
