"""Every kind of difference between tables and world, each created by hand on a quiet cloud."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import Disk, Nic
from kumoi.engines.images.interface import ImagesError, ImageStore
from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.fake.wiring import FakeWiring
from kumoi.engines.network.interface import NetworkError, PortSpec, Topology, WiringInventory
from kumoi.engines.objects.interface import Object, ObjectStore, Stored, Versioning, Writing
from kumoi.engines.volumes.interface import FileSource
from kumoi.host.client import Unreachable
from kumoi.kernel import operations, reconcile
from kumoi.kernel.database import Transaction, metadata
from kumoi.kernel.fences import Fence
from kumoi.services.network.ports.reconcilers import port as port_reconciler
from kumoi.services.placement import facade as placement
from tests.matrix.recipes import attach_volume, backup, ok, ready_volume, snapshot
from tests.services.compute.world import World
from tests.services.image import sending
from tests.stepped import SteppedCloud

NOBODY = "6d4ee0b4-0000-4000-8000-000000000001"
"""An id of nothing."""


@dataclass(frozen=True)
class Furnished:
    """A quiet cloud; ids of its contents. `volume` is attached to `server`, `free` to none."""

    world: World
    server: str
    port: str
    volume: str
    free: str
    snapshot: str
    image: str
    backup: str

    @property
    def cloud(self) -> SteppedCloud:
        found: SteppedCloud = self.world.cloud
        return found

    def change(self, table: str, row_id: str, **values: Any) -> None:
        chosen = metadata.tables[table]
        self.cloud.database.write(lambda tx: tx.execute(chosen.update().where(chosen.c.id == row_id).values(**values)))

    def remove(self, table: str, **where: Any) -> None:
        chosen = metadata.tables[table]
        conditions = [chosen.c[name] == value for name, value in where.items()]
        self.cloud.database.write(lambda tx: tx.execute(chosen.delete().where(*conditions)))

    def fence(self, subject: str) -> Fence:
        return Fence(subject, 1 << 40)


Breakage = Callable[[Furnished], None]
breakages: dict[str, Breakage] = {}


def furnish(world: World) -> Furnished:
    server_id = world.boot()
    volume_id = attach_volume(world, server_id)
    free = ready_volume(world)
    backup_id = backup(world, free)
    world.cloud.settle()
    snapshot_id = snapshot(world, free)
    image_id = sending.ready(world.cloud)
    world.cloud.settle()
    (port,) = world.cloud.get("/network/v2.0/ports", params={"device_id": server_id}).json["ports"]
    return Furnished(world, server_id, port["id"], volume_id, free, snapshot_id, image_id, backup_id)


def breaks(name: str) -> Callable[[Breakage], Breakage]:
    def keep(breakage: Breakage) -> Breakage:
        assert name not in breakages
        breakages[name] = breakage
        return breakage

    return keep


def by_rows(name: str, table: str, whose: str, **values: Any) -> None:
    """`whose`: the field of Furnished with the row's id."""
    breaks(name)(lambda all: all.change(table, getattr(all, whose), **values))


class Silent:
    """The connection to a host that is down."""

    def send(self, path: str, body: bytes, within: float) -> tuple[int, bytes]:
        raise Unreachable("nobody answers")


@breaks("a host is silent")
def _(all: Furnished) -> None:
    hosts = all.cloud.engines[Hosts]
    hosts.transports = dict.fromkeys(hosts.transports, Silent())
    hosts.made.clear()


@breaks("the topology is silent")
def _(all: Furnished) -> None:
    def silent() -> Any:
        raise NetworkError("the northbound database does not answer")

    all.cloud.engines[Topology].inventory = silent


@breaks("the image store is away")
def _(all: Furnished) -> None:
    def away() -> Any:
        raise ImagesError("the disk that holds the images is away")

    all.cloud.engines[ImageStore].inventory = away


@breaks("the world has not followed")
def _(all: Furnished) -> None:
    all.cloud.database.write(lambda tx: reconcile.mark(tx, "network.port", all.port))


@breaks("an operation is at work, and late")
def _(all: Furnished) -> None:
    ok(all.world.act(all.server, "os-stop"))
    late = operations.operations.update().where(operations.operations.c.state.in_(operations.ACTIVE_STATES))
    all.cloud.database.write(lambda tx: tx.execute(late.values(overdue=True, fault="the host is silent")))


@breaks("the topology has lost a port")
def _(all: Furnished) -> None:
    all.cloud.engines[FakeTopology]._database.execute("DELETE FROM resources WHERE id = ?", (all.port,))


@breaks("the topology has another revision")
def _(all: Furnished) -> None:
    all.cloud.engines[FakeTopology]._database.execute(
        "UPDATE resources SET revision = revision + 5 WHERE id = ?", (all.port,)
    )


@breaks("the topology has what no row knows")
def _(all: Furnished) -> None:
    spec = all.cloud.database.read(lambda tx: port_reconciler.desired(tx, [all.port]))[all.port]
    all.cloud.engines[FakeTopology].apply(msgspec.structs.replace(spec, id=NOBODY), 1)


@breaks("the topology holds other content")
def _(all: Furnished) -> None:
    spec = all.cloud.database.read(lambda tx: port_reconciler.desired(tx, [all.port]))[all.port]
    topology = all.cloud.engines[FakeTopology]
    topology.apply(
        msgspec.structs.replace(spec, port_security=False, security_groups=[]), topology.inventory()[PortSpec][all.port]
    )


@breaks("a plug of no port")
def _(all: Furnished) -> None:
    all.cloud.engines[FakeWiring].plug(all.fence("port/x"), NOBODY, "fa:16:3e:00:00:09", 1442)


@breaks("a device that belongs to nothing")
def _(all: Furnished) -> None:
    wiring = all.cloud.engines[FakeWiring]
    there = wiring.inventory()
    left = WiringInventory(ports=there.ports, networks=there.networks, strays=["tabcdef123"])
    wiring.inventory = lambda: left


@breaks("metadata is not answered")
def _(all: Furnished) -> None:
    wiring = all.cloud.engines[FakeWiring]
    for network_id in wiring.served_networks():
        wiring.unserve_network(all.fence(f"network/{network_id}"), network_id)


@breaks("metadata is answered without need")
def _(all: Furnished) -> None:
    (all.cloud.engines[FakeWiring].plugs / f"network-{NOBODY}").write_bytes(b"{}")


@breaks("a guest without its card")
def _(all: Furnished) -> None:
    all.cloud.engines[FakeHypervisor].detach_nic(all.fence("x"), all.server, all.port)


@breaks("a guest with another's card")
def _(all: Furnished) -> None:
    all.cloud.engines[FakeHypervisor].attach_nic(all.fence("x"), all.server, Nic(NOBODY, "fa:16:3e:00:00:09", 1442))


@breaks("a guest without its disk")
def _(all: Furnished) -> None:
    all.cloud.engines[FakeHypervisor].detach_disk(all.fence("x"), all.server, all.volume)


@breaks("a guest with another's disk")
def _(all: Furnished) -> None:
    disk = Disk(all.free, FileSource("/a/disk"))
    all.cloud.engines[FakeHypervisor].attach_disk(all.fence("x"), all.server, disk)


@breaks("a card without its plug")
def _(all: Furnished) -> None:
    all.cloud.engines[FakeWiring].unplug(all.fence("x"), all.port)


@breaks("a guest that died")
def _(all: Furnished) -> None:
    all.cloud.engines[FakeHypervisor].die(all.server)


@breaks("a guest of no server")
def _(all: Furnished) -> None:
    hypervisor = all.cloud.engines[FakeHypervisor]
    spec = hypervisor.spec(all.server)
    hypervisor.start(all.fence("x"), msgspec.structs.replace(spec, server_id=NOBODY, nics=[], disks=[]))


by_rows("a guest of a server of another host", "compute_servers", "server", host="host-2")
by_rows("a server that nothing leads out of its task", "compute_servers", "server", task_state="deleting")
by_rows("a claim of a server on no host", "compute_servers", "server", host=None, vm_state="error")


@breaks("a resize that waits for an answer of a server that is not resized")
def _(all: Furnished) -> None:
    def insert(tx: Transaction) -> None:
        servers = metadata.tables["compute_servers"]
        server = tx.one(servers.select().where(servers.c.id == all.server))
        assert server is not None
        tx.insert(
            metadata.tables["compute_migrations"], uuid=NOBODY, instance_uuid=all.server, project_id=server["project_id"],
            user_id=server["user_id"], migration_type="resize", status="finished", source_compute="host-1",
            source_node="host-1", dest_compute="host-1", dest_node="host-1", dest_host="", old_flavor=server["flavor"],
            new_flavor=server["flavor"], was_running=True, created_at=tx.now, updated_at=tx.now,
        )  # fmt: skip

    all.cloud.database.write(insert)


@breaks("a count that differs from the rows")
def _(all: Furnished) -> None:
    kept = metadata.tables["kernel_counts"]
    all.cloud.database.write(
        lambda tx: tx.execute(kept.update().where(kept.c.name == "compute.cores").values(amount=kept.c.amount + 1))
    )


@breaks("a claim of no server")
def _(all: Furnished) -> None:
    def claim(tx: Transaction) -> None:
        (provider_id,) = placement.provider_ids(tx)
        placement.claim(tx, NOBODY, provider_id, {"VCPU": 1}, "p", "u")

    all.cloud.database.write(claim)


@breaks("a server without a claim")
def _(all: Furnished) -> None:
    all.cloud.database.write(lambda tx: placement.release(tx, all.server))


@breaks("a claim of other amounts")
def _(all: Furnished) -> None:
    claims = metadata.tables["placement_allocations"]
    less = claims.update().where(claims.c.consumer_id == all.server, claims.c.resource_class == "MEMORY_MB")
    all.cloud.database.write(lambda tx: tx.execute(less.values(used=1)))


@breaks("a claim of what the host has not")
def _(all: Furnished) -> None:
    all.remove("placement_inventories", resource_class="MEMORY_MB")


@breaks("a port of no server")
def _(all: Furnished) -> None:
    all.change("network_ports", all.port, device_id=NOBODY)


@breaks("an attachment of no server")
def _(all: Furnished) -> None:
    attached = metadata.tables["block_storage_attachments"]
    all.cloud.database.write(lambda tx: tx.execute(attached.update().values(server_id=NOBODY)))


@breaks("an attachment that nothing leads on")
def _(all: Furnished) -> None:
    attached = metadata.tables["block_storage_attachments"]
    all.cloud.database.write(lambda tx: tx.execute(attached.update().values(status="attaching")))


by_rows("a volume that nothing leads on", "block_storage_volumes", "free", status="extending")
by_rows("a volume in use by nobody", "block_storage_volumes", "free", status="in-use")
by_rows("a volume of another size than its disk", "block_storage_volumes", "free", size=2)
by_rows("a volume elsewhere", "block_storage_volumes", "free", host=None)
by_rows("a volume that no backup reads", "block_storage_volumes", "free", status="backing-up")
by_rows("a snapshot that nothing leads on", "block_storage_snapshots", "snapshot", status="creating")
by_rows("a backup that nothing leads on", "block_storage_backups", "backup", status="creating")
by_rows("a backup without its bytes, and bytes without a backup", "block_storage_backups", "backup", place=NOBODY)


@breaks("a snapshot's disk without its row")
def _(all: Furnished) -> None:
    all.remove("block_storage_snapshots", id=all.snapshot)


@breaks("a volume's disk without its row")
def _(all: Furnished) -> None:
    all.remove("block_storage_snapshots", id=all.snapshot)
    all.remove("block_storage_volumes", id=all.free)


@breaks("an image without its bytes")
def _(all: Furnished) -> None:
    (all.cloud.folder.images / all.image).unlink()


by_rows("an image that nothing leads on", "image_images", "image", status="saving")
by_rows("bytes of an image that has none", "image_images", "image", status="queued")


@breaks("an object without its bytes")
def _(all: Furnished) -> None:
    store = all.cloud.engines[ObjectStore]
    writer = store.begin()
    writer.write(bytes(100_000))
    stored = writer.finish()

    def make(tx: Writing) -> None:
        container = tx.put_container("AUTH_x", "c", {}, "")
        made = Object(name="o", size=stored.size, etag=stored.etag, content_type="x", at=tx.now, entry="{}")
        tx.put_object(container, made, stored)

    store.write(make).result()
    writer.keep()
    assert all.cloud.audit() == []
    store.path(stored.place).unlink()


@breaks("an old version without its bytes")
def _(all: Furnished) -> None:
    store, places = all.cloud.engines[ObjectStore], []
    for size in (100_000, 50_000):
        writer = store.begin()
        writer.write(bytes(size))
        stored = writer.finish()

        def make(tx: Writing, stored: Stored = stored) -> None:
            tx.set_versioning(tx.put_container("AUTH_x", "versions", {}, ""), Versioning.ENABLED)
            container = tx.container("AUTH_x", "versions")
            assert container is not None
            made = Object(name="o", size=stored.size, etag=stored.etag, content_type="x", at=tx.now, entry="{}")
            tx.put_object(container, made, stored)

        store.write(make).result()
        writer.keep()
        places.append(stored.place)
    assert all.cloud.audit() == []
    store.path(places[0]).unlink()


@breaks("bytes of no image")
def _(all: Furnished) -> None:
    all.remove("image_images", id=all.image)
