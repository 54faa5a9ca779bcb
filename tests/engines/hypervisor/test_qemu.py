"""The contract with real QEMU processes, and what only they can show. Guests stop at their BIOS: no disk boots."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kumoi.engines.hypervisor.interface import Disk
from kumoi.engines.hypervisor.qemu import process
from kumoi.engines.hypervisor.qemu.hypervisor import QemuHypervisor
from kumoi.engines.hypervisor.qemu.surroundings import Surroundings
from kumoi.engines.volumes.files import FileVolumes
from kumoi.engines.volumes.interface import FileSource
from kumoi.host.metadata.documents import config_drive
from kumoi.kernel import randomness
from kumoi.kernel.fences import Fence
from kumoi.kernel.settings import Folder, Settings
from tests.engines.hypervisor.contract import HypervisorContract, fence

pytestmark = pytest.mark.real


class NoWiring:
    """Names taps that are not there: with `network=fake`, cards are connected to nothing."""

    def __init__(self) -> None:
        self.plugs: set[str] = set()

    def plug(self, fence: Fence, port_id: str, mac: str, mtu: int) -> str:
        self.plugs.add(port_id)
        return f"none-{port_id[:8]}"

    def unplug(self, fence: Fence, port_id: str) -> None:
        self.plugs.discard(port_id)


class House:
    """A data folder in a short path with a hypervisor that can be made again, as a restarted agent does."""

    def __init__(self, data: Path) -> None:
        self.folder = Folder(data)
        for path in (self.folder.host, self.folder.images):
            path.mkdir()
        self.settings = Settings(cloud_id="abcdef", network="fake")
        self.wiring = NoWiring()
        self.published: dict[str, object] = {}
        self.hypervisor = self.restarted()
        self.volumes = FileVolumes(
            self.folder,
            user=self.hypervisor.around.user,
            holder=lambda volume_id: self.hypervisor.holder_of(volume_id),
        )

    def restarted(self) -> QemuHypervisor:
        self.hypervisor = QemuHypervisor(
            Surroundings(
                folder=self.folder,
                settings=self.settings,
                wiring=self.wiring,
                render=lambda metadata: config_drive(metadata, b"seed"),
                published=self.published.__setitem__,
            )
        )
        return self.hypervisor

    def disk(self) -> Disk:
        volume_id = randomness.new_uuid()
        self.volumes.create(Fence(f"volume/{volume_id}", 1), volume_id, 1, None, None)
        return Disk(volume_id, FileSource(volume_id))

    def pid(self, server_id: str) -> int | None:
        return process.alive(self.hypervisor._guest(server_id).place)

    def close(self) -> None:
        for server_id in list(self.hypervisor.guests):
            self.hypervisor.destroy(fence(server_id), server_id)


@pytest.fixture
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="k-", dir="/tmp") as data:
        os.chmod(data, 0o755)
        made = House(Path(data))
        yield made
        made.close()


class TestQemu(HypervisorContract):
    @pytest.fixture
    def hypervisor(self, house: House) -> QemuHypervisor:
        return house.hypervisor

    @pytest.fixture
    def new_disk(self, house: House) -> Callable[[], Disk]:
        return house.disk
