"""Which engines a host runs, from its settings."""

from dataclasses import dataclass

from kumoi.engines.hypervisor.interface import GuestMetadata, Hypervisor
from kumoi.engines.hypervisor.qemu.hypervisor import LATEST, QemuHypervisor
from kumoi.engines.hypervisor.qemu.surroundings import Publish, Surroundings, publish_nowhere
from kumoi.engines.implementations import implementation
from kumoi.engines.network.interface import Wiring
from kumoi.engines.volumes.interface import Volumes
from kumoi.host.metadata import documents
from kumoi.host.metadata.server import SEED_BYTES, MetadataServer
from kumoi.host.metadata.vendor import Vendor
from kumoi.host.metadata.wiring import AnsweringWiring
from kumoi.kernel import randomness
from kumoi.kernel.settings import Folder, Settings


@dataclass(frozen=True)
class Engines:
    """The engines that the agent offers. Real engines that need periodic calls are also fields (None: it is a fake)."""

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
        """Start guests that ran, and restore guests that were paused, before the cloud or the machine went down."""
        if self.qemu:
            self.qemu.bring_up()

    def keep_room(self) -> float:
        """Stop guests that would use up the reserve of the disk. Returns the seconds until the next call."""
        return self.qemu.keep_room() if self.qemu else LATEST

    def tend(self) -> None:
        """Called every few seconds."""
        if self.qemu:
            self.qemu.tend()


def assemble(folder: Folder, settings: Settings) -> Engines:
    """Create the engines of this host. An engine raises its own error if the host lacks something."""
    wiring, published, answering = make_wiring(folder, settings), publish_nowhere, None
    if settings.network != "fake":
        metadata = MetadataServer(Vendor.of(settings), folder.guests)
        published = metadata.publish
        wiring = answering = AnsweringWiring(wiring, metadata)
    volumes = implementation(Volumes, settings)
    if issubclass(implementation(Hypervisor, settings), QemuHypervisor):
        qemu = make_qemu(folder, settings, wiring, published)
        disks = volumes(folder, user=qemu.around.user, holder=qemu.holder_of)
        return Engines(qemu, disks, wiring, qemu, answering)
    hypervisor = implementation(Hypervisor, settings)(
        folder.host, settings.host_name, wiring=wiring, copies=folder.guests
    )
    return Engines(hypervisor, volumes(folder.host, folder.images), wiring, None, answering)


def make_wiring(folder: Folder, settings: Settings) -> Wiring:
    made: Wiring = implementation(Wiring, settings)(folder, settings)
    return made


def make_qemu(
    folder: Folder, settings: Settings, wiring: Wiring, published: Publish = publish_nowhere
) -> QemuHypervisor:
    """The real hypervisor of this host, with config drives in OpenStack's layout."""

    vendor = Vendor.of(settings)

    def render(metadata: GuestMetadata) -> dict[str, bytes]:
        second = vendor.second(metadata) if vendor.static or vendor.targets else documents.NO_VENDOR
        return documents.config_drive(metadata, randomness.random_bytes(SEED_BYTES), vendor.first(), second)

    return QemuHypervisor(
        Surroundings(folder=folder, settings=settings, wiring=wiring, render=render, published=published)
    )
