"""Interferes with an active operation: another runner takes it over, or its subject is deleted."""

from collections.abc import Callable

import sqlalchemy as sa

from kumoi import app
from kumoi.kernel import clock, operations, reconcile
from kumoi.kernel.runner import LEASE_SECONDS
from kumoi.services.network.ports import states
from tests.matrix.recipes import SNAPSHOTS, VOLUMES
from tests.services.compute.world import SERVERS
from tests.services.image.sending import IMAGES
from tests.stepped import SteppedCloud

Interference = Callable[[SteppedCloud, str], None]


def stall(cloud: SteppedCloud, _operation_id: str) -> None:
    """The runner sleeps past its lease; meanwhile another one does all work."""
    clock.sleep(LEASE_SECONDS + 1)
    second = app.make_runner(cloud.database, cloud.locate)
    for _ in range(200):
        worked = reconcile.run_dirty(cloud.database, cloud.locate) > 0
        worked = states.compare(cloud.view) > 0 or worked
        if not second.run_one() and not worked:
            due = cloud.due()
            if due is None:
                return
            clock.sleep(max((due - clock.now()) / clock.SECOND, 0.05))
    raise AssertionError("the second runner does not finish")


def _subject(cloud: SteppedCloud, operation_id: str, kind: str) -> str:
    query = sa.select(operations.subjects.c.subject).where(operations.subjects.c.operation_id == operation_id)
    names = [row["subject"] for row in cloud.database.read(lambda tx: tx.all(query))]
    return next(name.partition("/")[2] for name in names if name.startswith(f"{kind}/"))


def delete_server(cloud: SteppedCloud, operation_id: str) -> None:
    gone = cloud.delete(f"{SERVERS}/{_subject(cloud, operation_id, 'server')}")
    assert gone.status_code == 204, gone.text


def delete_image(cloud: SteppedCloud, operation_id: str) -> None:
    gone = cloud.delete(f"{IMAGES}/{_subject(cloud, operation_id, 'image')}")
    assert gone.status_code == 204, gone.text


def delete_volume(cloud: SteppedCloud, operation_id: str) -> None:
    gone = cloud.delete(f"{VOLUMES}/{_subject(cloud, operation_id, 'volume')}")
    assert gone.status_code == 202, gone.text


def delete_reverting(cloud: SteppedCloud, operation_id: str) -> None:
    """With the snapshot to which it is reverted."""
    gone = cloud.delete(f"{VOLUMES}/{_subject(cloud, operation_id, 'volume')}?cascade=true")
    assert gone.status_code == 202, gone.text


def cascade(cloud: SteppedCloud, operation_id: str) -> None:
    """The volume, with the snapshot that is being created from it."""
    snapshot_id = _subject(cloud, operation_id, "snapshot")
    volume_id = cloud.get(f"{SNAPSHOTS}/{snapshot_id}").json["snapshot"]["volume_id"]
    gone = cloud.delete(f"{VOLUMES}/{volume_id}?cascade=true")
    assert gone.status_code == 202, gone.text


def delete_snapshot(cloud: SteppedCloud, operation_id: str) -> None:
    gone = cloud.delete(f"{SNAPSHOTS}/{_subject(cloud, operation_id, 'snapshot')}")
    assert gone.status_code == 202, gone.text


_SERVER = ("attach_interface", "attach_volume", "confirm_resize", "crash_dump", "create", "create_backup", "create_image",
           "detach_interface", "detach_volume", "hard_reboot", "pause", "reboot", "rebuild", "rescue", "resize", "resume",
           "revert_resize", "shelve", "shelve_offload", "start", "stop", "suspend", "unpause", "unrescue",
           "unshelve")  # fmt: skip

deletes: dict[str, tuple[Interference, ...]] = {
    **{f"server.{name}": (delete_server,) for name in _SERVER},
    "volume.create": (delete_volume,),
    "volume.extend": (delete_volume,),
    "volume.revert": (delete_reverting,),
    "snapshot.create": (delete_snapshot, cascade),
    "image.upload": (delete_image,),
    "image.import": (delete_image,),
    "image.copy": (delete_image,),
}
"""Operations that a deletion of their subject supersedes."""
