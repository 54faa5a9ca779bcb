"""The state of a cloud: its rows without random values, its engines, and what remains after everything is deleted."""

import json
import re
from typing import Any

import sqlalchemy as sa

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.images.interface import ImageStore
from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.fake.wiring import FakeWiring
from kumoi.engines.network.interface import PortSpec
from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction, metadata
from kumoi.services.image import stores
from kumoi.services.placement import facade as placement
from tests.services.compute.world import SERVERS
from tests.stepped import SteppedCloud

RANDOM = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"
    r"|\b\d{16}\b|\br-[0-9a-f]{8}\b|\d+(?:\.\d+){3}|\b[0-9a-f]{12}\b"
)
PASSING = ("kernel_", "toy_", "compute_host_heartbeats")
"""Tables that record the progress of work or the last report."""
COUNTERS = {"generation", "revision", "revision_number", "epoch", "updated_at", "launched_at"}


def rows(cloud: SteppedCloud) -> list[str]:
    """Every row of the services' tables. Values that differ between runs are replaced by `#`."""

    def read(tx: Transaction) -> list[str]:
        found = []
        for table in metadata.sorted_tables:
            if table.name.startswith(PASSING):
                continue
            for row in tx.all(sa.select(table)):
                kept = {name: value for name, value in row.items() if name not in COUNTERS}
                found.append(f"{table.name} {RANDOM.sub('#', json.dumps(kept, default=str, sort_keys=True))}")
        return sorted(found)

    return cloud.database.read(read)


def engines(cloud: SteppedCloud) -> dict[str, Any]:
    """The engines' contents by id."""
    volumes = cloud.engines[FakeVolumes].inventory()
    topology = cloud.engines[FakeTopology].inventory()
    wiring = cloud.engines[FakeWiring].inventory()
    return {
        "guests": {server_id: state.value for server_id, state in cloud.engines[FakeHypervisor].states().items()},
        "volumes": sorted(volumes.volumes),
        "snapshots": sorted(volumes.snapshots),
        "backups": sorted(volumes.backups),
        "images": cloud.locate(ImageStore).inventory(),
        "images in objects": stores.objects(cloud.locate).inventory(),
        "unfinished images in objects": sorted(stores.objects(cloud.locate).uploads()),
        "unfinished images": sorted(path.name for path in cloud.folder.images.glob("*.part")),
        "ports": sorted(topology[PortSpec]),
        "plugs": sorted(wiring.ports),
        "consumers": sorted(cloud.database.read(placement.consumers)),
    }


def count(cloud: SteppedCloud) -> dict[str, Any]:
    """The engines' contents by number and state, comparable between runs."""
    found = engines(cloud)
    return {
        name: sorted(things.values()) if isinstance(things, dict) else len(things) for name, things in found.items()
    }


def size(things: Any) -> int:
    return len(things) if isinstance(things, list) else int(things)


def clear(cloud: SteppedCloud) -> None:
    """Delete what clients have created, as a client does."""
    for server in cloud.get(f"{SERVERS}?all_tenants=1", as_="admin").json["servers"]:
        gone = cloud.delete(f"{SERVERS}/{server['id']}", as_="admin")
        assert gone.status_code == 204, gone.text
    cloud.settle()
    for port in cloud.get("/network/v2.0/ports", as_="admin").json["ports"]:
        if not port["device_owner"].startswith("network:"):
            gone = cloud.delete(f"/network/v2.0/ports/{port['id']}", as_="admin")
            assert gone.status_code == 204, gone.text
    _clear_volumes(cloud)
    cloud.settle()
    for image in cloud.get("/image/v2/images", as_="admin").json["images"]:
        if image["name"] != "guest":
            gone = cloud.delete(f"/image/v2/images/{image['id']}", as_="admin")
            assert gone.status_code == 204, gone.text
    cloud.settle()


def _clear_volumes(cloud: SteppedCloud) -> None:
    while backups := cloud.get("/volume/v3/backups/detail?all_tenants=1", as_="admin").json["backups"]:
        # An incremental backup goes before the one on which it builds.
        for backup in (each for each in backups if not each["has_dependent_backups"]):
            gone = cloud.delete(f"/volume/v3/backups/{backup['id']}", as_="admin")
            assert gone.status_code == 202, gone.text
        cloud.settle()
    for volume in cloud.get("/volume/v3/volumes?all_tenants=1", as_="admin").json["volumes"]:
        gone = cloud.delete(f"/volume/v3/volumes/{volume['id']}?cascade=true", as_="admin")
        assert gone.status_code == 202, gone.text
    cloud.settle()
    left = cloud.get("/volume/v3/snapshots?all_tenants=1", as_="admin").json["snapshots"]
    assert left == [], left


def usages(cloud: SteppedCloud, project_id: str) -> dict[str, int]:
    """The project's quota usages that are not zero."""

    def read(tx: Transaction) -> dict[str, int]:
        counted = {
            f"{service}.{name}": quota.usage(tx, project_id) for (service, name), quota in quotas.registry.items()
        }
        return {name: used for name, used in counted.items() if used}

    return cloud.database.read(read)
