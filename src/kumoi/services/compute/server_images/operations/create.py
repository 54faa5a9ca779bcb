"""Copies the root disk of a server, as of one instant, into an image. The guest keeps running."""

from pathlib import Path

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Failed, Operation, Step
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import TaskState
from kumoi.services.compute.servers.operations import create, guest
from kumoi.services.image.facade import filling

COPIED_WITHIN = 3600.0
UPLOADED_WITHIN = 24 * 3600.0


def copy_root(context: Context) -> None:
    server_id, image_id = context.arguments["server_id"], context.arguments["image_id"]
    guest.hypervisor(context).copy_root(context.fence("server", server_id), server_id, image_id)


def remove_copy(context: Context) -> None:
    server_id, image_id = context.arguments["server_id"], context.arguments["image_id"]
    guest.hypervisor(context).remove_copy(context.fence("server", server_id), server_id, image_id)


def begin_upload(context: Context, tx: Transaction) -> None:
    server = guest.found(context, tx)
    context.data["upload"] = filling.begin(
        tx, create.owner(server), context.arguments["image_id"], create.origin(context)
    )
    servers_store.update(tx, server["id"], task_state=_UPLOADING.get(server["task_state"], server["task_state"]))


_UPLOADING: dict[str | None, str] = {
    TaskState.IMAGE_SNAPSHOT: TaskState.IMAGE_UPLOADING,
    TaskState.SHELVING: TaskState.SHELVING_IMAGE_UPLOADING,
}
"""The task state while the bytes go into the image; a backup has one for all."""


def end_upload(context: Context, tx: Transaction) -> None:
    if "upload" in context.data:
        filling.give_up(tx, context.arguments["image_id"], context.data["upload"])


def upload(context: Context) -> Again | None:
    server_id, image_id = context.arguments["server_id"], context.arguments["image_id"]
    file = guest.hypervisor(context).copy_root(context.fence("server", server_id), server_id, image_id)
    return filling.fill(context, image_id, context.data["upload"], Path(file))


def remove_bytes(context: Context) -> None:
    filling.remove_bytes(context, context.arguments["image_id"], context.data["upload"])


def uploaded(context: Context, tx: Transaction) -> None:
    if not filling.end(context, tx, context.arguments["image_id"], context.data["upload"]):
        raise Failed("The image was deleted while its bytes came.")


def finish(context: Context, tx: Transaction) -> None:
    servers_store.update(tx, context.arguments["server_id"], task_state=None)


def rotate(context: Context, tx: Transaction) -> None:
    """Deletes the oldest backups of this type, so that `rotation` are left."""
    finish(context, tx)
    server = guest.found(context, tx)
    wanted = {"instance_uuid": server["id"], "image_type": "backup", "backup_type": context.arguments["backup_type"]}
    found = filling.with_properties(tx, server["project_id"], wanted)
    for image_id in found[: max(0, len(found) - context.arguments["rotation"])]:
        filling.discard(tx, image_id, create.origin(context))


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The guest is as it was; the image is deleted, as in Nova. Why shows in the server's actions."""
    filling.discard(tx, context.arguments["image_id"], create.origin(context), unfilled=True)
    servers_store.update(tx, context.arguments["server_id"], task_state=None)


COPY = (
    Step("copy_root", do=copy_root, undo=remove_copy, deadline=COPIED_WITHIN, turn=guest.TURN),
    Step("begin_upload", record=begin_upload, erase=end_upload),
    Step("upload", do=upload, record=uploaded, undo=remove_bytes, deadline=UPLOADED_WITHIN, pivot=True),
)

CREATE_IMAGE = Operation(
    "server.create_image",
    steps=[*COPY, Step("remove_copy", do=remove_copy, record=finish, turn=guest.TURN)],
    failed=failed,
    action="createImage",
)

CREATE_BACKUP = Operation(
    "server.create_backup",
    steps=[*COPY, Step("remove_copy", do=remove_copy, record=rotate, turn=guest.TURN)],
    failed=failed,
    action="createBackup",
)
