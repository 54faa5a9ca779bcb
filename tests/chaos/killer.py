"""SIGKILL for a process chosen by the seed, again and again."""

import os
import random
import signal
import threading
import time
from pathlib import Path

import psycopg
import sqlalchemy as sa

from kumoi.supervisor import world
from kumoi.supervisor.supervisor import ask
from tests.chaos.counter import Counter, Kill
from tests.databases import PostgreSQL
from tests.end_to_end.clouds import Cloud, Failed

VICTIMS = {
    "front": 3, "api": 2, "api worker": 4, "runner": 6, "agent": 5, "streams": 2, "supervisor": 2, "standby": 1,
    "ovn-controller": 3, "ovn-northd": 3, "ovn-northbound": 3, "ovn-southbound": 3, "ovs-database": 3,
    "ovs-vswitchd": 2, "guest": 5,
}  # fmt: skip
"""Process → how often it is chosen, of their sum."""
POSTGRESQL, BACKEND = "postgresql", "postgresql backend"
DATABASE_VICTIMS = {POSTGRESQL: 2, BACKEND: 3}
"""The same on PostgreSQL: the whole server, which is restarted, or one of its processes, after which it recovers."""
LONGEST_REST = 4.0
"""Seconds until the server is restarted."""
PATIENCE = 4.0
"""Seconds to wait for a guest that answers, before one that boots is killed; for a standby to follow, before `up`."""
IMPATIENT = 0.3
"""The share of the supervisor's deaths after which `kumoi up` is called at once."""
AT_ONCE = {1: 80, 2: 15, 3: 5}
"""Number of simultaneous deaths → how often, in percent."""


class Killer:
    """Kills every `pause` seconds on average. A killed supervisor is replaced by its standby, or by `kumoi up`."""

    def __init__(
        self, cloud: Cloud, seed: str, pause: float, packets: Counter, database: PostgreSQL | None = None
    ) -> None:
        """`database`: the server of the cloud's tables, a victim too."""
        self.cloud, self.pause, self.packets, self.database = cloud, pause, packets, database
        self.victims = {**VICTIMS, **(DATABASE_VICTIMS if database else {})}
        self.random = random.Random(f"{seed} killer")
        self.kills: list[Kill] = []
        self.ups: list[float] = []
        """Durations of `kumoi up` after the supervisor was killed, in seconds."""
        self.followed = 0
        """How often the standby took over without `kumoi up`."""
        self.failures: list[str] = []
        self._due: list[str] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Returns when the supervisor and the database run again."""
        self._ended.set()
        self._thread.join(180)
        if self.database:
            self.database.wait()

    def pid_of(self, name: str) -> int:
        """A process of this name; 0 when there is none just now."""
        if name == "supervisor":
            return self._supervisor() or 0
        if name == BACKEND:
            return self._backend()
        if name == POSTGRESQL:
            return self.database.server.pid if self.database else 0
        if name == "guest":
            # prefer a guest that should answer now, so that the counter sees the loss
            stop = time.monotonic() + PATIENCE
            while True:
                guests, answering = self.guests(), self.packets.expected()
                found = sorted(pid for pid, server in guests.items() if server in answering)
                if found or time.monotonic() > stop or self._ended.wait(0.2):
                    break
            found = found or sorted(guests)
            return self.random.choice(found) if found else 0
        process, _, worker = name.partition(" ")
        try:
            pid, began, _ = (self.cloud.data / "run" / f"{process}.supervised").read_text().split()
        except (OSError, ValueError):
            return 0
        if world.started(int(pid)) != int(began):
            return 0
        if not worker:
            return int(pid)
        members = sorted(set(world.members(int(pid), str(self.cloud.data))) - {int(pid)})
        return self.random.choice(members) if members else 0

    def guests(self) -> dict[int, str]:
        """Process id of each QEMU → its server."""
        found = {}
        folder = f"{self.cloud.data}/guests/"
        for line in self.cloud.processes():
            pid, _, command = line.partition(" ")
            if "qemu-system" in command.split(" ")[0]:
                argv = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
                found[int(pid)] = argv.partition(folder)[2][:36]
        return found

    def _backend(self) -> int:
        if not self.database:
            return 0
        try:
            found = self.database.backends(str(sa.make_url(self.cloud.settings["database"]).database))
        except psycopg.OperationalError:
            return 0
        return self.random.choice(found) if found else 0

    def _run(self) -> None:
        while not self._ended.wait(self.random.uniform(0.4, 1.6) * self.pause):
            names = [self._choose() for _ in range(self.random.choices([*AT_ONCE], [*AT_ONCE.values()])[0])]
            for name in names:
                self._kill(name)
            if "supervisor" in names:
                self._follow()

    def _choose(self) -> str:
        """Each victim once, then by weight."""
        if not self.kills and not self._due:
            self._due = sorted(self.victims)
            self.random.shuffle(self._due)
        return self._due.pop() if self._due else self.random.choices([*self.victims], [*self.victims.values()])[0]

    def _kill(self, name: str) -> None:
        pid = self.pid_of(name)
        if not pid:
            return
        server = self.guests().get(pid, "") if name == "guest" else ""
        at = time.monotonic()
        try:
            if name == POSTGRESQL and self.database:
                self.database.crash(self.random.uniform(0.0, LONGEST_REST))
            else:
                os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.kills.append(Kill(at, name, pid, server))
        print(f"  {time.strftime('%T')}  killed {name} {server}", flush=True)

    def _follow(self) -> None:
        """The standby does; now and then a person is impatient, and where the standby died as well, one is needed."""
        time.sleep(self.random.uniform(0.2, 3.0))
        if self.random.random() < IMPATIENT or not self._followed():
            self._up()
        else:
            self.followed += 1

    def _followed(self) -> bool:
        stop = time.monotonic() + PATIENCE
        while time.monotonic() < stop:
            if self._supervisor():
                return True
            time.sleep(0.1)
        return False

    def _supervisor(self) -> int | None:
        try:
            return int(str(ask(self.cloud.data, "status")["supervisor"]))
        except OSError:
            return None

    def _up(self) -> None:
        if self.database:
            self.database.wait()  # without which it rightly refuses
        began = time.monotonic()
        try:
            self.cloud.up()
        except (Failed, OSError) as error:
            self.failures.append(f"kumoi up after the supervisor was killed: {error}")
        self.ups.append(time.monotonic() - began)
