"""Checks which servers may be copied into an image, and starts the operations."""

from collections.abc import Mapping
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotBuilt
from kumoi.kernel.operations import Operation
from kumoi.kernel.who import Who
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.server_images.operations.create import CREATE_BACKUP, CREATE_IMAGE
from kumoi.services.compute.server_images.schemas import CreateBackup, CreateImage
from kumoi.services.compute.servers.errors import WrongState
from kumoi.services.compute.servers.logic import changes, creation
from kumoi.services.compute.servers.models import ServerRow, TaskState, VmState
from kumoi.services.compute.servers.operations.create import boots_from_image
from kumoi.services.compute.servers.schemas import values
from kumoi.services.image import facade as images
from kumoi.services.image.facade import filling

COPYABLE = (VmState.ACTIVE, VmState.STOPPED, VmState.PAUSED, VmState.SUSPENDED)
NOT_INHERITED = frozenset(
    {"base_image_ref", "image_type", "instance_uuid", "user_id", "owner_id", "backup_type", "instance_type_name",
     "image_location", "image_state", "block_device_mapping", "bdm_v2", "root_device_name", "mappings"}
)  # fmt: skip
"""Properties of an image that say where it came from."""


def create_image(tx: Transaction, who: Who, server_id: str, asked: CreateImage, origin: Mapping[str, Any]) -> str:
    """The id of the new image."""
    server = changes.ready(tx, who, server_id, "createImage", COPYABLE)
    metadata = creation.check_metadata(tx, server["project_id"], asked.metadata or {})
    if not boots_from_image(block_devices_store.of_server(tx, server_id)):
        raise NotBuilt("createImage of a volume-backed server is not built yet; docs/compute.md lists what is.")
    image_id = queue(tx, who, server, values.name(asked.name), {**metadata, "image_type": "snapshot"})
    _begin(tx, server, CREATE_IMAGE, TaskState.IMAGE_SNAPSHOT, origin, image_id)
    return image_id


def create_backup(tx: Transaction, who: Who, server_id: str, asked: CreateBackup, origin: Mapping[str, Any]) -> str:
    rotation = values.whole(asked.rotation, "rotation", least=0)
    server = changes.ready(tx, who, server_id, "createBackup", COPYABLE)
    metadata = creation.check_metadata(tx, server["project_id"], asked.metadata or {})
    if not boots_from_image(block_devices_store.of_server(tx, server_id)):
        raise BadRequest("Backup is not supported for volume-backed instances.")
    properties = {**metadata, "image_type": "backup", "backup_type": asked.backup_type}
    image_id = queue(tx, who, server, values.name(asked.name), properties)
    _begin(
        tx, server, CREATE_BACKUP, TaskState.IMAGE_BACKUP, origin, image_id, rotation=rotation,
        backup_type=asked.backup_type,
    )  # fmt: skip
    return image_id


def _begin(
    tx: Transaction, server: ServerRow, operation: Operation, task_state: TaskState, origin: Mapping[str, Any],
    image_id: str, **arguments: Any,
) -> None:  # fmt: skip
    if server["host"] is None:
        raise WrongState(server["id"], operation.action or "", "vm_state", server["vm_state"])
    changes.begin(tx, server, operation, task_state, origin, image_id=image_id, **arguments)


def queue(tx: Transaction, who: Who, server: ServerRow, name: str, properties: Mapping[str, str]) -> str:
    """The id of an image without bytes, in the server's project."""
    base = images.by_ids(tx, [server["image_id"] or ""]).get(server["image_id"] or "")
    inherited = {key: text for key, text in base.properties.items() if key not in NOT_INHERITED} if base else {}
    return filling.queue(
        tx,
        who,
        owner=server["project_id"],
        name=name,
        properties={
            **inherited, "base_image_ref": server["image_id"] or "", "instance_uuid": server["id"],
            "user_id": server["user_id"], "owner_id": server["project_id"], **properties,
        },
        min_disk=max(server["flavor"]["disk"], base.min_disk if base else 0),
        min_ram=base.min_ram if base else 0,
    )  # fmt: skip
