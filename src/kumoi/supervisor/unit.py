"""One supervised process: its states from start to end, its failures, and its next attempt."""

import contextlib
import os
import signal
from pathlib import Path

from kumoi.kernel import clock, durable
from kumoi.kernel.processes import Process
from kumoi.supervisor import plan, starting, world

SETTLED = 30.0
"""Seconds of uptime after which earlier failures are forgotten."""
LONGEST_PAUSE = 30.0
FIRST_PAUSE = 0.05
"""Times 2 ** ends in a row. Four ends take less than one and a half seconds. OVN's switch checks its database after one
second and moves no packet without it, so a database that is killed repeatedly must be back in that time."""
STARTED_WELL = 2.0
"""Seconds after which a process that was up did start well: however often it is killed, it waits PAUSE_AFTER_RUN."""
PAUSE_AFTER_RUN = 1.0
PID_FILE = ".supervised"
FAILING = 3
"""Ends in a row from which a process counts as failing."""


class Unit:
    """`state`: down, starting, up, pausing (it died and is tried again later) or stopping."""

    def __init__(self, process: Process, data: Path) -> None:
        self.process = process
        self.data = data
        self.state = "down"
        self.pid = 0
        self.began = 0
        self.since = clock.monotonic()
        self.deadline = 0.0
        self.failures = 0
        self.restarts = 0
        self.detail = ""
        self._verdict = ""
        self.was_up = False
        self.outdated = False
        """Whether it was adopted and differs from the plan."""
        self._descriptor: int | None = None
        self._ours = False

    @property
    def log(self) -> Path:
        return self.process.log or self.data / "log" / f"{self.process.name}.log"

    @property
    def pid_file(self) -> Path:
        return self.data / "run" / f"{self.process.name}{PID_FILE}"

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the planned process. A different one means that it must be restarted."""
        return plan.fingerprint(self.process)

    @property
    def alive(self) -> bool:
        return self.state in ("starting", "up", "stopping")

    @property
    def failing(self) -> bool:
        return self.failures >= FAILING

    @property
    def descriptor(self) -> int | None:
        """A pidfd, readable when the process has ended."""
        return self._descriptor

    def noted(self) -> int | None:
        """The pid that the pid file holds, alive or not."""
        try:
            return int(self.pid_file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def adopt(self) -> bool:
        """Take over a running process of an earlier supervisor. Ends what remains of a dead leader's group."""
        try:
            first, second, fingerprint = self.pid_file.read_text().split()
            pid, began = int(first), int(second)
        except (OSError, ValueError):
            return False
        self.outdated = fingerprint != self.fingerprint
        if world.started(pid) != began:
            world.end_group(pid, str(self.data))
            self.pid_file.unlink(missing_ok=True)
            return False
        self._watch(pid, ours=False)
        self._turn("starting")
        self.deadline = clock.monotonic() + self.process.ready_within
        return True

    def start(self) -> None:
        """down or pausing → starting; pausing when this machine (a full disk, no more processes) does not allow it."""
        try:
            if self.process.ready is not None:
                self.process.ready.unlink(missing_ok=True)
            self._watch(starting.start(self.process, self.log, self.data), ours=True)
        except OSError as error:
            self._fail(f"it cannot be started: {error}")
            return
        self._turn("starting")
        self.deadline = clock.monotonic() + self.process.ready_within
        try:
            durable.replace_for_now(self.pid_file, f"{self.pid} {self.began} {self.fingerprint}\n".encode())
        except OSError as error:
            # a process that later supervisors cannot find must not run
            self._verdict = f"its pid cannot be noted: {error}"
            self.kill()

    def check_ready(self) -> None:
        """starting → up when it serves; killed if it does not within its deadline."""
        if self.process.ready is None or world.serves(self.process.ready):
            self._turn("up")
            self.was_up = True
        elif clock.monotonic() > self.deadline:
            self._verdict = f"not ready within {self.process.ready_within:g} s"
            self.kill()

    def give_up(self) -> None:
        """Do not retry: pausing → down."""
        if self.state == "pausing":
            self._turn("down")

    def stop(self) -> None:
        self._turn("stopping")
        self.deadline = clock.monotonic() + self.process.stop_within
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def gather(self) -> bool:
        """Whether the process has ended. If so, its process group is ended, and `state` is down or pausing."""
        status: int | None = None
        if self._ours:
            pid, raw = os.waitpid(self.pid, os.WNOHANG)
            if pid == 0:
                return False
            status = os.waitstatus_to_exitcode(raw)
        elif world.started(self.pid) == self.began:
            return False
        world.end_group(self.pid, str(self.data))
        self._forget()
        if self.state == "stopping":
            self._turn("down")
            self.failures, self.detail, self.was_up = 0, "", False
            return True
        lived = clock.monotonic() - self.since if self.state == "up" else 0.0
        if lived > SETTLED:
            self.failures = 0
        self._fail(self._verdict or _ended(status), PAUSE_AFTER_RUN if lived > STARTED_WELL else LONGEST_PAUSE)
        return True

    def settle(self) -> None:
        """Forget the failures of a process that has run for a while."""
        if self.state == "up" and self.failures and clock.monotonic() - self.since > SETTLED:
            self.failures, self.detail = 0, ""

    def describe(self) -> dict[str, object]:
        return {
            "name": self.process.name,
            "pid": self.pid or None,
            "user": self.process.user,
            "state": "failing" if self.failing and self.state != "up" else self.state,
            "layer": self.process.layer,
            "restarts": self.restarts,
            "detail": self.detail,
            "log": str(self.log),
        }

    def _fail(self, why: str, longest: float = LONGEST_PAUSE) -> None:
        self.detail, self._verdict = why, ""
        self.failures += 1
        self.restarts += 1
        self._turn("pausing")
        self.deadline = clock.monotonic() + (0 if self.failures == 1 else min(FIRST_PAUSE * 2**self.failures, longest))

    def _watch(self, pid: int, *, ours: bool) -> None:
        self.pid, self._ours = pid, ours
        self.began = world.started(pid) or 0
        with contextlib.suppress(ProcessLookupError):
            self._descriptor = os.pidfd_open(pid)

    def _forget(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None
        self.pid = self.began = 0
        self.pid_file.unlink(missing_ok=True)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid and (self._ours or world.started(self.pid) == self.began):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _turn(self, state: str) -> None:
        self.state = state
        self.since = clock.monotonic()


def _ended(status: int | None) -> str:
    if status is None:
        return "it died"
    if status < 0:
        return f"it was ended by {signal.Signals(-status).name}"
    return f"it ended with status {status}"
