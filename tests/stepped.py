"""A cloud that advances in steps: without threads, in virtual time, and only when a test asks for it."""

from pathlib import Path
from typing import Any

from kumoi import app
from kumoi.engines.network.interface import Topology
from kumoi.kernel import clock, reconcile
from kumoi.kernel.clock import SECOND, VirtualClock
from kumoi.kernel.reconcile import View
from kumoi.services.network.ports import states
from tests.cloud import Cloud

QUIET_WITHIN = 4 * 3600.0
"""Seconds of virtual time, more than all deadlines of an operation in both directions."""


class NotQuiet(AssertionError):
    """Work went on for longer than all deadlines together."""


class SteppedCloud(Cloud):
    """A Cloud on a VirtualClock. Ports' states are compared on request, and not reported by a thread."""

    def __init__(self, folder: Path, database_url: str, **more: Any) -> None:
        super().__init__(folder, database_url, **more)
        self.listen_to_nothing()

    def listen_to_nothing(self) -> None:
        """Start no listener of the topology: pretend that it has been started."""
        states._followed[self.engines[Topology]] = None  # type: ignore[assignment]

    @property
    def view(self) -> View:
        return View(self.database, self.locate)

    def due(self) -> int | None:
        """The instant of the next work."""
        found = [self.runner.next_due(), self.database.read(_dirty_due)]
        return min((at for at in found if at is not None), default=None)

    def tick(self) -> bool:
        """Do what is due now, once: sweeps, dirty rows, ports' states, one operation. Returns whether there was any."""
        reconcile.run_sweeps(self.database, self.locate)
        worked = reconcile.run_dirty(self.database, self.locate) > 0
        worked = states.compare(self.view) > 0 or worked
        return self.runner.run_one() or worked

    def settle(self, seconds: float = QUIET_WITHIN) -> None:
        """Work until nothing is left, and skip waiting times. NotQuiet if that takes more than `seconds`."""
        stop = clock.monotonic() + seconds
        while True:
            while self.tick():
                pass
            due = self.due()
            if due is None:
                return
            if clock.monotonic() > stop:
                raise NotQuiet(str(self.audit()))
            clock.sleep(max((due - clock.now()) / SECOND, 0.05))

    def pause(self) -> None:
        """Close everything, so that the place can be copied and this process forked."""
        self.stop()

    def resume(self) -> None:
        """Open the folder and database again, as a new process would."""
        self.engines = self._engines()
        self.runner = app.make_runner(self.database, self.locate)
        self.listen_to_nothing()


def _dirty_due(tx: Any) -> int | None:
    due = [max(row["next_at"], row["lease_until"]) for row in reconcile.pending(tx)]
    return min(due, default=None)


def at(instant: int | None = None) -> Any:
    """Context manager: this process's time is virtual, and starts at `instant`."""
    return clock.using(VirtualClock(instant) if instant is not None else VirtualClock())
