"""Volumes and snapshots of the API as qemu-img's files: their content, and that nothing is left over."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.images import qcow2
from kumoi.engines.network.fake.wiring import FakeWiring
from kumoi.engines.volumes.files import FileVolumes
from kumoi.host.agent import Agent
from kumoi.host.client import Hosts as HostClients
from kumoi.host.client import InProcess
from kumoi.host.fences import Fences
from tests.cloud import Cloud
from tests.engines.volumes.test_files import io, make_image
from tests.services.block_storage.world import V3, act, differences, image, make, messages, show, snap

pytestmark = pytest.mark.real
GIB = 1 << 30


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with tempfile.TemporaryDirectory(prefix="k-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        made = Cloud(Path(folder), f"sqlite:///{folder}/kumoi.db")
        volumes = FileVolumes(made.folder, user=None)
        fakes = {"hypervisor": made.engines[FakeHypervisor], "wiring": made.engines[FakeWiring]}
        agent = Agent({"volumes": volumes, **fakes}, Fences(made.folder.host / "real-fences.db"))
        made.engines[Hosts] = HostClients.over({"host-1": InProcess(agent)})
        made.engines[FileVolumes] = volumes
        yield made
        made.close()


def path(cloud: Any, volume_id: str) -> Path:
    found: Path = cloud.engines[FileVolumes].path(volume_id)
    return found


def has(cloud: Any, volume_id: str, byte: str) -> None:
    io(path(cloud, volume_id), f"read -P {byte} 0 1M")


def stored(cloud: Any) -> str:
    """An image with a pattern in its first MiB, in the store and in the tables."""
    return image(cloud, id=make_image(cloud.folder, "qcow2", "1G", write="write -P 0x11 0 1M"))


def test_what_is_in_them(cloud: Any) -> None:
    image_id = stored(cloud)
    first = make(cloud, size=2, imageRef=image_id)
    assert show(cloud, first)["status"] == "available", messages(cloud, first)
    has(cloud, first, "0x11")
    io(path(cloud, first), "write -P 0x22 0 1M")
    snapshot_id = snap(cloud, first)
    io(path(cloud, first), "write -P 0x33 0 1M")
    of_snapshot, of_volume = make(cloud, size=3, snapshot_id=snapshot_id), make(cloud, size=4, source_volid=first)
    has(cloud, of_snapshot, "0x22")
    has(cloud, of_volume, "0x33")
    assert qcow2.read(path(cloud, of_snapshot)).virtual_size == 3 * GIB
    assert qcow2.read(path(cloud, of_volume)).virtual_size == 4 * GIB
    assert act(cloud, first, "revert", {"snapshot_id": snapshot_id}).status_code == 202
    cloud.settle()
    has(cloud, first, "0x22")
    assert act(cloud, first, "os-extend", {"new_size": 5}).status_code == 202
    cloud.settle()
    assert show(cloud, first)["status"] == "available" and qcow2.read(path(cloud, first)).virtual_size == 5 * GIB
    has(cloud, first, "0x22")
    assert differences(cloud) == []
    for volume_id in (first, of_snapshot, of_volume):
        assert cloud.delete(f"{V3}/volumes/{volume_id}?cascade=true").status_code == 202
    cloud.settle()
    inventory = cloud.engines[FileVolumes].inventory()
    assert (inventory.volumes, inventory.snapshots) == ([], []) and differences(cloud) == []


def test_an_image_whose_data_is_gone(cloud: Any) -> None:
    volume_id = make(cloud, imageRef=image(cloud))
    assert show(cloud, volume_id)["status"] == "error" and messages(cloud, volume_id)
    assert cloud.engines[FileVolumes].inventory().volumes == [] == differences(cloud)
