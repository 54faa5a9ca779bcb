"""Creates a volume: chooses a host, prepares the image's base, creates the disk. After a failure nothing of it
remains."""

from kumoi.engines.hosts import Hosts
from kumoi.engines.volumes.interface import Volumes
from kumoi.kernel.database import Transaction
from kumoi.kernel.fences import Fence
from kumoi.kernel.operations import Again, Context, Failed, Operation, Step
from kumoi.services.block_storage import failures, pool
from kumoi.services.block_storage.volume_types import store as types_store
from kumoi.services.block_storage.volumes import store
from kumoi.services.block_storage.volumes.models import Status, VolumeRow
from kumoi.services.block_storage.volumes.operations import place
from kumoi.services.image import facade as images


def choose_host(context: Context) -> None:
    volume = found(context)
    if spec := pool.unmet(context.read(lambda tx: types_store.specs(tx, volume["volume_type_id"]))):
        raise Failed(f"No host fits the volume type: its extra spec {spec} demands what no storage here is.")
    same, different = (frozenset(context.arguments.get(name, ())) for name in ("same_host", "different_host"))
    context.data["host"] = volume["host"] or place.choose(context, volume["size"], same, different)


def keep_host(context: Context, tx: Transaction) -> None:
    store.update(tx, context.arguments["volume_id"], host=context.data["host"])


def prepare_base(context: Context) -> Again | None:
    """The image's bytes on the host, unless they are there."""
    volume = found(context)
    if volume["image_id"]:
        if (wait := images.lend(context, volume["image_id"])) is not None:
            return wait
        volumes, fence = at(context, volume)
        volumes.prepare_base(fence, volume["image_id"], context.arguments["disk_format"])
    return None


def make(context: Context) -> None:
    """A copy of another volume uses a temporary snapshot with the new volume's id. This step deletes it."""
    volume = found(context)
    volumes, fence = at(context, volume)
    if place := context.arguments.get("backup_place"):
        volumes.restore(fence, volume["id"], volume["size"], place)
        return
    snapshot_id, image_id = volume["snapshot_id"], volume["image_id"]
    if volume["source_volume_id"]:
        snapshot_id, image_id = volume["id"], None
        volumes.snapshot(fence, volume["source_volume_id"], snapshot_id)
    elif snapshot_id:
        image_id = None
    volumes.create(fence, volume["id"], volume["size"], image_id, snapshot_id)
    if volume["source_volume_id"] and snapshot_id:
        volumes.delete_snapshot(fence, snapshot_id)


def unmake(context: Context) -> None:
    volume = found(context)
    volumes, fence = at(context, volume)
    volumes.delete(fence, volume["id"])
    if volume["source_volume_id"]:
        volumes.delete_snapshot(fence, volume["id"])


def finish(context: Context, tx: Transaction) -> None:
    store.update(
        tx, context.arguments["volume_id"], status=Status.AVAILABLE, bootable=context.arguments["bootable"]
    )  # fmt: skip


CREATE = Operation(
    "volume.create",
    steps=[
        Step("choose_host", do=choose_host, record=keep_host, deadline=60),
        Step("prepare_base", do=prepare_base, deadline=3600, durable=False),
        Step("make", do=make, record=finish, undo=unmake, deadline=3600),
    ],
    failed=failures.marking(store, "volume", "create", Status.ERROR),
)


def found(context: Context) -> VolumeRow:
    """The row of the operation's volume; Failed if it is gone."""
    volume_id = context.arguments["volume_id"]
    row = context.read(lambda tx: store.find(tx, volume_id))
    if row is None:
        raise Failed(f"Volume {volume_id} could not be found.")
    return row


def at(context: Context, volume: VolumeRow) -> tuple[Volumes, Fence]:
    """The volumes engine of the volume's host, and the fence for orders."""
    if volume["host"] is None:
        raise Failed(f"Volume {volume['id']} is on no host.")
    return context.engine(Hosts).volumes(volume["host"]), context.fence("volume", volume["id"])
