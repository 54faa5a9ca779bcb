"""A cloud on a folder as `kumoi up` creates it, with real image and volume files. Networks are fake; guests are fake or
QEMU."""

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from kumoi.cli import running
from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.qemu.hypervisor import QemuHypervisor
from kumoi.engines.hypervisor.qemu.surroundings import Surroundings
from kumoi.engines.images.files import FileImages
from kumoi.engines.images.interface import ImageStore
from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.fake.wiring import FakeWiring
from kumoi.engines.network.interface import Topology
from kumoi.engines.objects import layout
from kumoi.engines.objects.disk import DiskObjects
from kumoi.engines.objects.interface import ObjectStore
from kumoi.engines.objects.many import ManyDisks
from kumoi.engines.volumes.files import FileVolumes
from kumoi.host.agent import Agent
from kumoi.host.client import Hosts as HostClients
from kumoi.host.client import InProcess
from kumoi.host.fences import Fences
from kumoi.host.metadata import documents
from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from kumoi.kernel.fences import Fence
from kumoi.kernel.settings import Folder, Settings
from tests.stepped import QUIET_WITHIN, NotQuiet, SteppedCloud

WITHIN = 60.0
"""Seconds for QEMU's work until all is quiet."""
THE_WORLD = ("/network", "/host/fake-guests.db")
"""Where the fakes store what is not a file of the cloud. A power cut does not affect it."""
SETTINGS: dict[str, Any] = {"cloud_id": "abcdef", "hypervisor": "fake", "network": "fake", "password_rounds": 4}


class Hurrying:
    """Real time for real work; skips waiting times."""

    def __init__(self, instant: int) -> None:
        self.begin, self.leapt = instant, 0
        self.began = time.monotonic()

    def now(self) -> int:
        return self.begin + self.leapt + round((time.monotonic() - self.began) * clock.SECOND)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def spent(self) -> float:
        return 0.0

    def leap(self, seconds: float) -> None:
        self.leapt += round(seconds * clock.SECOND)


def beginning(instant: int, guests: str) -> AbstractContextManager[None]:
    """Context manager: time starts at `instant`, and is virtual if no process is waited for."""
    chosen = Hurrying(instant) if guests == "qemu" else VirtualClock(instant)
    return clock.using(chosen)


def several_disks(folder: Folder) -> ManyDisks:
    """Below the data folder, so that the recording has them. A disk without its identity is replaced."""
    places = {name: folder.data / f"disk-{name}" for name in "abcd"}
    disks = ",".join(f"{name}={path}" for name, path in places.items())
    store = ManyDisks(folder.objects, layout.parse(disks, "three=3,coded=2+2", 30))
    for name, path in places.items():
        path.mkdir(exist_ok=True)
        if problem := store.disks.take(name) or (store.disks.fault(name) and store.disks.take(name, replaced=True)):
            raise RuntimeError(problem)
    return store


def up(data: Path, guests: str = "fake") -> "FilesCloud":
    """Does what `kumoi up` does before it starts processes, then opens a cloud in this process."""
    folder = Folder(data)
    folder.run.mkdir(parents=True, exist_ok=True)
    settings = Settings(**SETTINGS)
    running.fill(folder, settings, running.lay_out(folder, settings))
    return FilesCloud(data, guests)


class FilesCloud(SteppedCloud):
    """`guests`: fake, qemu as the current user, or disks (the object store is on several)."""

    def __init__(self, data: Path, guests: str = "fake") -> None:
        self.guests = guests
        super().__init__(data, Folder(data).database_url(Settings(**SETTINGS)), create=False)

    def leap(self, seconds: float) -> None:
        current = clock._clock
        (current.leap if isinstance(current, Hurrying) else current.sleep)(seconds)

    def settle(self, seconds: float = QUIET_WITHIN) -> None:
        if self.guests != "qemu":
            super().settle(seconds)
            return
        stop = clock.monotonic() + WITHIN
        while clock.monotonic() < stop:
            while self.tick():
                pass
            due = self.due()
            if due is None:
                return
            wait = max((due - clock.now()) / clock.SECOND, 0.05)
            clock.sleep(wait) if wait < 0.5 else self.leap(wait)
        raise NotQuiet(str(self.audit()))

    def end_guests(self) -> None:
        """End every QEMU after a test."""
        if self.guests == "qemu":
            hypervisor = self.engines[QemuHypervisor]
            for server_id in hypervisor.states():
                hypervisor.destroy(Fence(f"server/{server_id}", 1 << 40), server_id)

    def _engines(self) -> dict[type[Any], Any]:
        folder, settings = self.folder, self.settings
        topology, wiring = FakeTopology(folder, settings), FakeWiring(folder, settings)
        hypervisor: Any
        if self.guests == "qemu":
            around = Surroundings(
                folder=folder, settings=settings, wiring=wiring, user=None,
                render=lambda metadata: documents.config_drive(metadata, b"seed" * 128),
            )  # fmt: skip
            hypervisor = QemuHypervisor(around)
            volumes = FileVolumes(folder, user=None, holder=hypervisor.holder_of)
        else:
            hypervisor = FakeHypervisor(folder.host, settings.host_name, wiring=wiring)
            volumes = FileVolumes(folder, user=None)
        engines = {"hypervisor": hypervisor, "volumes": volumes, "wiring": wiring}
        agent = Agent(engines, Fences(folder.host / "fences.db"))
        return {
            Settings: settings,
            Folder: folder,
            Hosts: HostClients.over({settings.host_name: InProcess(agent)}),
            ImageStore: FileImages(folder.images),
            ObjectStore: several_disks(folder) if self.guests == "disks" else DiskObjects(folder.objects),
            Topology: topology,
            type(hypervisor): hypervisor,
            FakeTopology: topology,
            FakeWiring: wiring,
        }
