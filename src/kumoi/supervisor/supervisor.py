"""The main loop: starts the processes of the plan layer by layer, and stops others in reverse order."""

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import sys
from pathlib import Path

from kumoi.kernel import accounts, clock, durable
from kumoi.kernel.processes import Process
from kumoi.supervisor import metrics, plan
from kumoi.supervisor.unit import PID_FILE, Unit

EVERYTHING = 1000
"""The level at which every layer is wanted."""
NEVER = EVERYTHING + 1
"""The layer of processes that are no longer part of the cloud."""
LARGEST_LOG = 16 << 20
"""Bytes of one log file. One older file is kept."""
STANDBY = "standby"
"""The unit that waits for the supervisor's lock, and is the next supervisor when this one dies."""
GRACE = 0.5
"""Seconds between the death of a supervisor and the standby's first action. So somebody who ends a whole cloud process
by process meets no new ones."""


class Supervisor:
    """Layers up to `level` are wanted, without the units in `parked`. Those in `held` are stopped once and started
    again.

    In addition to the plan there is a standby, unless only some layers are wanted.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.level = EVERYTHING
        self.units: dict[str, Unit] = {}
        self.held: set[str] = set()
        self.parked: set[str] = set()
        self.leaving = False
        self._logs_seen = 0.0
        self._told: bool | None = None
        """The health in the last metrics; None: metrics are due."""

    def load(self) -> None:
        """Read the plan and the processes of an earlier supervisor. Restarts changed processes, stops removed ones."""
        self.units = {name: Unit(process, self.data) for name, process in plan.read(self.data).items()}
        self.units[STANDBY] = standby = Unit(_standby(self.data), self.data)
        if standby.noted() == os.getpid():
            # the one that waited is the supervisor now
            standby.pid_file.unlink()
        for file in (self.data / "run").glob(f"*{PID_FILE}"):
            if file.stem not in self.units:
                self.units[file.stem] = Unit(Process(file.stem, (), layer=NEVER), self.data)
        for name, unit in self.units.items():
            if unit.adopt() and unit.outdated:
                self.held.add(name)

    def run(self, listener: socket.socket) -> None:
        """Run until `leave` is called or SIGTERM. After SIGTERM the processes keep running for the next supervisor."""
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "leaving", True))
        while not self.leaving:
            self.tick()
            poll = select.poll()
            for descriptor in (reader, listener.fileno(), *self._descriptors()):
                poll.register(descriptor, select.POLLIN)
            ready = {descriptor for descriptor, _ in poll.poll(self._pause() * 1000)}
            if reader in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(reader, 4096)
            if listener.fileno() in ready:
                self._converse(listener)

    def dismiss_standby(self) -> None:
        """End the standby. Called before an intended exit."""
        standby = self.units[STANDBY]
        if standby.alive:
            standby.stop()
            while not standby.gather():
                if clock.monotonic() > standby.deadline:
                    standby.kill()
                clock.sleep(0.01)

    def tick(self) -> None:
        """Check every unit once, and change what is due."""
        for unit in self.units.values():
            if unit.alive and unit.gather():
                self._say(unit, unit.detail or "stopped")
            unit.settle()
        self._stop_what_is_not_wanted()
        self._start_what_is_wanted()
        if clock.monotonic() - self._logs_seen > 30:
            self._logs_seen = clock.monotonic()
            self._bound_logs()
            self._told = None
        if self._told is not (settled := self.settled):
            self._told = settled
            with contextlib.suppress(OSError):
                metrics.write(self.data, self._rows(), settled=settled)

    def wanted(self, unit: Unit) -> bool:
        return unit.process.layer <= self.level and unit.process.name not in self.held | self.parked

    def answer(self, asked: dict[str, object]) -> dict[str, object]:
        """`do`: status, level (with `layer`), park (with `names`, none: no longer), restart (the control
        plane), leave."""
        match asked.get("do"):
            case "status":
                pass
            case "level":
                self.level = int(str(asked["layer"]))
            case "park":
                self.parked = {str(name) for name in asked["names"]}  # type: ignore[attr-defined]
            case "restart":
                self.held |= {name for name, unit in self.units.items() if unit.process.control_plane}
            case "leave":
                self.leaving = True
            case other:
                return {"error": f"unknown order {other!r}"}
        return {
            "supervisor": os.getpid(),
            "level": self.level,
            "settled": self.settled,
            "processes": self._rows(),
        }

    def _rows(self) -> list[dict[str, object]]:
        return [unit.describe() for unit in sorted(self.units.values(), key=lambda unit: unit.process.layer)]

    @property
    def settled(self) -> bool:
        return not self.held and all(
            unit.state == ("up" if self.wanted(unit) else "down") for unit in self.units.values()
        )

    def _stop_what_is_not_wanted(self) -> None:
        unwanted = [unit for unit in self.units.values() if not self.wanted(unit)]
        for unit in unwanted:
            unit.give_up()
        running = [unit for unit in unwanted if unit.alive]
        highest = max((unit.process.layer for unit in running), default=0)
        for unit in running:
            if unit.state != "stopping":
                if unit.process.layer == highest:
                    self._say(unit, "stopping")
                    unit.stop()
            elif clock.monotonic() > unit.deadline:
                unit.kill()
        if not running:
            self.held.clear()
            for unit in unwanted:
                if unit.process.layer == NEVER:
                    del self.units[unit.process.name]

    def _start_what_is_wanted(self) -> None:
        for unit in sorted(self.units.values(), key=lambda unit: unit.process.layer):
            if unit.state == "starting":
                unit.check_ready()
                if unit.state == "up":
                    self._say(unit, "ready")
            due = unit.state == "down" or (unit.state == "pausing" and clock.monotonic() >= unit.deadline)
            below = (
                ()
                if unit.process.patient
                else (other for other in self.units.values() if other.process.layer < unit.process.layer)
            )
            if due and self.wanted(unit) and all(other.was_up for other in below if self.wanted(other)):
                unit.start()
                self._say(unit, "started")

    def _descriptors(self) -> list[int]:
        return [unit.descriptor for unit in self.units.values() if unit.alive and unit.descriptor is not None]

    def _pause(self) -> float:
        """Seconds until the next scheduled action."""
        now = clock.monotonic()
        pauses = [30.0]
        for unit in self.units.values():
            if unit.state == "starting":
                pauses.append(0.02)
            elif unit.state in ("stopping", "pausing"):
                pauses.append(max(0.01, unit.deadline - now))
            elif unit.state == "down" and self.wanted(unit):
                pauses.append(0.02)
        return min(pauses)

    def _converse(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(2)
                asked = json.loads(connection.makefile("r").readline(65536))
                connection.sendall(json.dumps(self.answer(asked)).encode() + b"\n")

    def _bound_logs(self) -> None:
        # Copied and truncated, because each process has its log open for appending.
        for log in (self.data / "log").glob("*.log"):
            with contextlib.suppress(OSError):
                if log.stat().st_size > LARGEST_LOG:
                    shutil.copyfile(log, log.with_suffix(".log.1"))
                    os.truncate(log, 0)

    def _say(self, unit: Unit, message: str) -> None:
        line = {
            "at": clock.iso_microseconds(clock.now(), "Z"),
            "level": "warning" if unit.failures else "info",
            "room": "supervisor",
            "message": f"{unit.process.name}: {message}",
            "pid": unit.pid,
        }
        # a full disk must not end the supervisor
        with contextlib.suppress(OSError):
            print(json.dumps(line), file=sys.stderr, flush=True)


def socket_path(data: Path) -> Path:
    return data / "run" / "supervisor.sock"


def serve(data: Path, *, standby: bool = False) -> int:
    """Be the supervisor of a data folder; 1 when another one is, which a standby outwaits."""
    with durable.opened_for_locks(data / "run" / "supervisor.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if standby else fcntl.LOCK_NB))
        except BlockingIOError:
            return 1
        if standby:
            clock.sleep(GRACE)
            if Unit(_standby(data), data).noted() != os.getpid():
                # unknown: its starter died before it recorded the pid, or dismissed it
                return 1
        path = socket_path(data)
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(draft))
            accounts.give(draft, 0o600)
            listener.listen(16)
            # renamed only now, so that a client that finds the socket gets an answer
            draft.rename(path)
            supervisor = Supervisor(data)
            supervisor.load()
            supervisor.run(listener)
            supervisor.dismiss_standby()
        path.unlink(missing_ok=True)
    return 0


def _standby(data: Path) -> Process:
    argv = (sys.executable, "-m", "kumoi.supervisor", "--data", str(data), "--standby")
    # the new supervisor's own output belongs in the supervisor's log
    log = data / "log" / "supervisor.log"
    return Process(STANDBY, argv, layer=EVERYTHING, patient=True, control_plane=False, log=log, stop_within=1.0)


def ask(data: Path, do: str, **more: object) -> dict[str, object]:
    """The running supervisor's answer; ConnectionError or FileNotFoundError when none runs."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(socket_path(data)))
        connection.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
        answer: dict[str, object] = json.loads(connection.makefile("r").readline())
        return answer
