"""Which engines a host runs, from its settings."""

from dataclasses import dataclass

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestMetadata, Hypervisor
from kumoi.engines.hypervisor.qemu.hypervisor import QemuHypervisor
from kumoi.engines.hypervisor.qemu.surroundings import Publish, Surroundings, nobody_asks
from kumoi.engines.network.fake import FakeWiring
from kumoi.engines.network.interface import Wiring
from kumoi.engines.network.ovn.wiring import OvnWiring
from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.engines.volumes.files import FileVolumes
from kumoi.engines.volumes.interface import Volumes
from kumoi.host.metadata import documents
from kumoi.host.metadata.server import SEED_BYTES, MetadataServer
from kumoi.host.metadata.wiring import AnsweringWiring
from kumoi.kernel import randomness
from kumoi.kernel.settings import Folder, Settings


@dataclass(frozen=True)
class Engines:
    """What the agent offers, and the real ones among it that the host itself has to tend (None: it is a fake)."""

    hypervisor: Hypervisor
    volumes: Volumes
    wiring: Wiring
    qemu: QemuHypervisor | None
    answering: AnsweringWiring | None

    def by_concern(self) -> dict[str, object]:
        return {"hypervisor": self.hypervisor, "volumes": self.volumes, "wiring": self.wiring}

    def listen_again(self) -> None:
        """Answer metadata on every network that was served before the agent ended."""
        if self.answering:
            self.answering.listen_again()

    def bring_up(self) -> None:
        """Start what ran, and restore what was paused, before the cloud or the machine went down."""
        if self.qemu:
            self.qemu.bring_up()

    def tend(self) -> None:
        """To be called every few seconds."""
        if self.qemu:
            self.qemu.tend()


def assemble(folder: Folder, settings: Settings) -> Engines:
    """The engines of this host. Errors of the engines say what it lacks."""
    answering = None
    wiring: Wiring
    published: Publish = nobody_asks
    if settings.network == "fake":
        wiring = FakeWiring(folder, settings)
    else:
        metadata = MetadataServer()
        published = metadata.publish
        wiring = answering = AnsweringWiring(OvnWiring(folder, settings), metadata)
    if settings.hypervisor == "fake":
        fake = FakeHypervisor(folder.host, settings.host_name, wiring=wiring)
        return Engines(fake, FakeVolumes(folder.host, folder.images), wiring, None, answering)
    qemu = make_qemu(folder, settings, wiring, published)
    volumes = FileVolumes(folder, user=qemu.around.user, holder=qemu.holder_of)
    return Engines(qemu, volumes, wiring, qemu, answering)


def make_qemu(folder: Folder, settings: Settings, wiring: Wiring, published: Publish = nobody_asks) -> QemuHypervisor:
    """The real hypervisor of this host, with config drives in OpenStack's layout."""

    def render(metadata: GuestMetadata) -> dict[str, bytes]:
        return documents.config_drive(metadata, randomness.random_bytes(SEED_BYTES))

    return QemuHypervisor(
        Surroundings(folder=folder, settings=settings, wiring=wiring, render=render, published=published)
    )
