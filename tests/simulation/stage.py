"""Plays one seed: clients, runners and faults take turns on one virtual clock, as the seed decides. Then it checks the
invariants."""

import threading
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import sqlalchemy as sa

from kumoi import app
from kumoi.engines.hosts import Hosts
from kumoi.engines.images.interface import ImageStore
from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.interface import Topology
from kumoi.engines.objects.interface import ObjectStore
from kumoi.host.client import InProcess
from kumoi.kernel import clock, operations, randomness, reconcile, runner
from kumoi.kernel.randomness import SeededSource
from kumoi.kernel.runner import LEASE_SECONDS, Runner
from tests.databases import PostgreSQL
from tests.matrix import outcome
from tests.matrix.places import Place, Saved
from tests.matrix.recipes import attach_volume, environment, ok, ready_volume, snapshot
from tests.services.compute.world import World
from tests.simulation import invariants, rows, tenants
from tests.simulation.clients import Clients
from tests.simulation.faults import BadHost, BadObjects, BadStore, BadTopology, BadVolumes, Killed, Mischief
from tests.stepped import SteppedCloud, at

TURNS, RUNNERS = 18, 3
LONG_ONES = 10
"""One of so many seeds plays three rounds, and then deletes everything."""
SWEPT = 15.0
PATIENCE = 60.0
"""Real seconds for one turn. More is a deadlock of the stage itself."""


class Broken(AssertionError):
    """A promise does not hold."""


class Walker:
    """A process that works: an operation, or dirty rows. A thread that runs only while it has the turn."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.turn, self.back = threading.Semaphore(0), threading.Semaphore(0)
        self.ended = False
        self.holds: tuple[dict[str, Any], Any] | None = None
        """The operation that it walks, as it took it."""
        self.outrun = False
        self.leash: int | None = None
        """The number of probes until it falls asleep; None: the seed decides."""
        self.defect: BaseException | None = None
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def go(self) -> None:
        """Run until it stops, ends or dies."""
        self.turn.release()
        if not self.back.acquire(timeout=PATIENCE):
            raise Broken("a runner hangs")
        if self.ended:
            self.thread.join(PATIENCE)
        if self.defect:
            raise Broken(f"a runner fell: {self.defect!r}") from self.defect

    def stop(self) -> None:
        """Called in its own thread: pass the turn on, and wait for the next one."""
        self.back.release()
        self.turn.acquire()

    def _live(self) -> None:
        self.turn.acquire()
        try:
            self.work()
        except Killed:
            pass
        except BaseException as error:
            self.defect = error
        finally:
            self.ended = True
            self.back.release()


class Stage:
    """Kept open in this process. `play` starts each seed from the same state."""

    def __init__(self, server: PostgreSQL | None = None) -> None:
        """`server` None: SQLite."""
        self.place = Place(server)
        with at(), randomness.using(SeededSource(0)):
            self.cloud = SteppedCloud(self.place.folder, self.place.url)
            world = environment(self.cloud)
            self.cloud.settle()
            self.world = (world.image, world.network, world.subnet)
            shared = tenants.lay_out(self.cloud, world.subnet)
            self.first = outcome.engines(self.cloud)
            self.known = {**furnish(world), **shared, "inner": [world.subnet]}
            self.begin = clock.now()
            self.cloud.pause()
        self.saved: Saved = self.place.save()
        self.seen: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self.replies: Counter[str] = Counter()

    def remove(self) -> None:
        self.place.remove()

    def play(self, seed: int) -> str:
        """The story, line by line; Broken if a promise does not hold. The same seed gives the same story."""
        self.place.load(self.saved)
        play = Play(self, seed)
        with at(self.begin), randomness.using(SeededSource(seed)):
            self.cloud.resume()
            try:
                play.act()
            except Exception as error:
                error.add_note("\n".join(play.story[-60:]))
                raise
            finally:
                runner.probe = runner._nothing
                self.cloud.pause()
        return "\n".join(play.story)


class Play:
    """The play of one seed."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.cloud = stage, stage.cloud
        self.random = Random(seed)
        self.long = seed % LONG_ONES == 0
        self.story: list[str] = []
        self.walkers: list[Walker] = []
        self.hosts: list[BadHost] = []
        self.mischief = Mischief(self.random, stage.seen)
        self.mischief.walking = lambda: self._current() is not None
        self.mischief.stall = self._stall
        self.clients = Clients(self.cloud, World(self.cloud, *stage.world), self.random, self.tell, stage.replies)
        self.clients.known.update({kind: list(ids) for kind, ids in stage.known.items()})

    def tell(self, text: str) -> None:
        self.story.append(f"{clock.monotonic() - self.stage.begin / 1e6:9.2f} {text}")

    def act(self) -> None:
        self._set_traps()
        for _ in range(3 if self.long else 1):
            self.mischief.calm = False
            for _ in range(TURNS):
                self._turn()
                self._no_defects()
            self._calm_down()
            self._no_defects()
            invariants.check(self.cloud, self.clients)
        if not self.long:
            return
        outcome.clear(self.cloud)
        tenants.clear(self.cloud)
        invariants.nothing_left(self.cloud, self.stage.first)

    def _no_defects(self) -> None:
        if self.mischief.defects:
            raise Broken("; ".join(self.mischief.defects))

    def _set_traps(self) -> None:
        engines = self.cloud.engines
        for name, transport in engines[Hosts].transports.items():
            if isinstance(transport, InProcess):
                bad = BadHost(transport.agent, self.cloud.folder.host / "fences.db")
                self.hosts.append(bad)
                bad.mischief = self.mischief
                volumes = BadVolumes(transport.agent.engines["volumes"], self.mischief)
                bad.agent.engines = {**transport.agent.engines, "volumes": volumes}
                engines[Hosts].transports[name] = bad
        engines[Hosts].made.clear()
        engines[Topology] = BadTopology(engines[FakeTopology], self.mischief)
        engines[ImageStore] = BadStore(engines[ImageStore], self.mischief)
        engines[ObjectStore] = BadObjects(engines[ObjectStore], self.mischief)
        self.cloud.listen_to_nothing()
        runner.probe = self._probe
        self.runners = [self._watched(app.make_runner(self.cloud.database, self.cloud.locate)) for _ in range(RUNNERS)]

    def _turn(self) -> None:
        chance = self.random.random()
        asleep = [walker for walker in self.walkers if not walker.ended and walker.holds]
        if asleep and self.random.random() < 0.35:
            self._outrun(self.random.choice(asleep))
            return
        if self.walkers and self.random.random() < 0.1:
            chance = 0.95
        self._perhaps_a_new_agent(0.02)
        if chance < 0.4:
            self.clients.act(self.mischief)
        elif chance < 0.94:
            self._walk()
        elif chance < 0.96:
            self.tell("leases run out")
            self.stage.seen["leases run out"] += 1
            clock.sleep(LEASE_SECONDS + 1)
        elif chance < 0.97:
            self.tell("hours pass")
            self.stage.seen["hours pass"] += 1
            clock.sleep(self.random.choice((400.0, 4000.0)))
        else:
            self.clients.guest_misbehaves(self.stage.seen)

    def _walk(self) -> None:
        """A new process takes work, or a sleeping one continues."""
        clock.sleep(self.random.choice((0.01, 0.1, 1.0, 3.0)))
        asleep = [walker for walker in self.walkers if not walker.ended]
        if asleep and (len(asleep) >= RUNNERS or self.random.random() < 0.4):
            walker = self.random.choice(asleep)
            self.tell("a sleeper wakes")
        else:
            walker = Walker(self.random.choice((self._operate, self._operate, self._reconcile)))
            self.walkers.append(walker)
        self._wake(walker)
        self.walkers = [each for each in self.walkers if not each.ended]

    def _outrun(self, sleeper: Walker) -> None:
        """The runner sleeps past its lease; another one takes over, and falls asleep in the middle or not; clients
        continue, or not; then the first one wakes."""
        self.tell("a sleeper is outrun")
        self.stage.seen["a sleeper is outrun"] += 1
        clock.sleep(LEASE_SECONDS + 1)
        walker = Walker(self._operate)
        walker.leash = self.random.randint(2, 9)
        self.walkers.append(walker)
        walker.go()
        if self.random.random() < 0.3:
            self.clients.act(self.mischief)
        if self.random.random() < 0.7:
            self._perhaps_a_new_agent(0.3)
            self._wake(sleeper)
        self.walkers = [each for each in self.walkers if not each.ended]

    def _perhaps_a_new_agent(self, chance: float) -> None:
        if self.mischief.strikes(chance, "the agent starts again"):
            self.tell("the agent starts again")
            for host in self.hosts:
                host.start_again()

    def _wake(self, walker: Walker) -> None:
        """A runner that has lost its lease must change nothing more."""
        walker.outrun = walker.outrun or self._has_lost(walker)
        if not walker.outrun:
            walker.go()
            return
        self.tell("an outrun sleeper wakes")
        self.stage.seen["an outrun sleeper wakes"] += 1
        before = rows.digest(self.cloud.database)
        walker.go()
        after = rows.digest(self.cloud.database)
        if after != before:
            raise Broken(f"a runner without its lease wrote: {rows.difference(before, after)}")

    def _has_lost(self, walker: Walker) -> bool:
        if walker.holds is None:
            return False
        mine = walker.holds[0]
        wanted = sa.select(operations.operations.c.lease, operations.operations.c.state)
        now = self.cloud.database.read(
            lambda tx: tx.one(wanted.where(operations.operations.c.id == mine["id"]))
        )  # fmt: skip
        return now is None or now["lease"] != mine["lease"] or now["state"] not in operations.ACTIVE_STATES

    def _watched(self, runner: Runner) -> Runner:
        """The runner tells its walker which operation it has taken."""
        take = runner._take

        def taking() -> Any:
            taken = take()
            if walker := self._current():
                walker.holds = taken
            return taken

        runner._take = taking  # type: ignore[method-assign]
        return runner

    def _operate(self) -> None:
        chosen = self.random.choice(self.runners)
        walker = self._current()
        assert walker is not None
        for _ in range(self.random.randint(1, 6)):
            if not chosen.run_one():
                return
            walker.holds = None
            if walker.outrun:
                # Its later work has new leases.
                walker.outrun = False
                walker.stop()

    def _reconcile(self) -> None:
        from kumoi.services.network.ports import states

        reconcile.run_sweeps(self.cloud.database, self.cloud.locate)
        reconcile.run_dirty(self.cloud.database, self.cloud.locate)
        states.compare(self.cloud.view)

    def _probe(self, moment: str, kind: str, step: str, direction: str) -> None:
        self.stage.steps[f"{kind}.{step}.{direction}"] += moment == "before"
        if self._current() is None:
            return
        if self.mischief.strikes(0.03, f"dies {moment}"):
            self.tell(f"a runner dies {moment} {kind} {step} {direction}")
            raise Killed
        walker = self._current()
        leashed = walker is not None and walker.leash is not None and not self.mischief.calm
        if leashed:
            assert walker is not None and walker.leash is not None
            walker.leash -= 1
            if walker.leash == 0:
                walker.leash = None
                self.stage.seen[f"stalls {moment}"] += 1
                self.tell(f"a runner that outran another stalls {moment} {kind} {step} {direction}")
                self._stall()
                return
        if self.mischief.strikes(0.08, f"stalls {moment}"):
            self.tell(f"a runner stalls {moment} {kind} {step} {direction}")
            self._stall()

    def _current(self) -> Walker | None:
        here = threading.current_thread()
        return next((walker for walker in self.walkers if walker.thread is here), None)

    def _stall(self) -> None:
        walker = self._current()
        assert walker is not None
        walker.stop()

    def _calm_down(self) -> None:
        """All faults end. Sleeping runners wake after another one has taken over, or before, as the seed decides."""
        self.mischief.calm = True
        self.tell("calm")
        if self.random.random() < 0.5:
            self._wake_all()
        clock.sleep(LEASE_SECONDS + 1)
        self.cloud.settle()
        self._wake_all()
        clock.sleep(SWEPT)
        self.cloud.settle()

    def _wake_all(self) -> None:
        while self.walkers:
            walker = self.walkers[0]
            self._wake(walker)
            self.walkers = [each for each in self.walkers if not each.ended]


def furnish(world: World) -> dict[str, list[str]]:
    """Create resources of each kind in each state, so that short stories reach deep states. Returns ids by kind."""
    servers = [world.boot(name) for name in ("active", "stopped", "paused", "suspended")]
    attached = attach_volume(world, servers[0])
    for server_id, action in zip(servers[1:], ("os-stop", "pause", "suspend"), strict=True):
        ok(world.act(server_id, action))
    copied = ready_volume(world)
    snapshot_id = snapshot(world, copied)
    world.cloud.settle()
    assert world.cloud.audit() == [], world.cloud.audit()
    return {"server": servers, "volume": [attached, copied], "snapshot": [snapshot_id]}
