"""OVN's daemons started and stopped for a test, as the supervisor would."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kumoi.engines.network.ovn import daemons
from kumoi.kernel import randomness
from kumoi.kernel.processes import Process
from kumoi.kernel.settings import Folder, Settings
from tests.ports import hold
from tests.waits import PATIENCE, until


class Running:
    def __init__(self, folder: Folder, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        processes = sorted(daemons.daemons(self.folder, self.settings), key=lambda process: process.layer)
        for process in processes:
            if not names or process.name in names:
                self.children[process.name] = self._spawn(process)

    def _spawn(self, process: Process) -> "subprocess.Popen[bytes]":
        if process.ready is not None:
            process.ready.unlink(missing_ok=True)
        assert process.log is not None
        group = None if process.user is None else pwd.getpwnam(process.user).pw_gid
        with process.log.open("ab") as log:
            child = subprocess.Popen(
                process.argv,
                env=dict(process.environment),
                user=process.user,
                group=group,
                extra_groups=None if group is None else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        ready, log = process.ready, process.log

        def is_ready() -> bool:
            assert child.poll() is None, log.read_text()[-2000:]
            return ready is None or ready.exists()

        until(is_ready, process.name, every=0.005)
        return child

    def kill(self, name: str) -> None:
        child = self.children.pop(name)
        child.kill()
        child.wait()

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """The process is stopped, and continues afterwards."""
        self.children[name].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.children[name].send_signal(signal.SIGCONT)

    def stop(self) -> None:
        for child in reversed(self.children.values()):
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children.clear()


def ensure_users() -> None:
    for user in ("kumoi", "kumoi-guest"):
        try:
            pwd.getpwnam(user)
        except KeyError:
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", user], check=True
            )


def some_settings() -> Settings:
    while not hold(cidr := f"172.29.{1 + randomness.below(254)}.0/24"):
        pass
    return Settings(cloud_id=randomness.random_bytes(3).hex(), external_cidr=cidr)


def link_delete(name: str) -> None:
    subprocess.run(["ip", "link", "delete", name], check=True)


@contextmanager
def ovn() -> Iterator[Running]:
    """A cloud's daemons in a folder of their own, with their own external network."""
    ensure_users()
    data = Path(tempfile.mkdtemp(prefix="k-", dir="/tmp"))
    data.chmod(0o755)
    folder = Folder(data)
    settings = some_settings()
    for path in (folder.log, folder.run):
        path.mkdir()
    running = Running(folder, settings)
    try:
        daemons.prepare(folder, settings)
        running.start()
        yield running
    finally:
        running.stop()
        daemons.tear_down(folder, settings)
        if "KUMOI_KEEP" not in os.environ:
            shutil.rmtree(data)
