"""Checks the rebuild of a server, changes its row and starts the operation."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotBuilt
from kumoi.kernel.who import Who
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.server_rebuild.operations.rebuild import REBUILD
from kumoi.services.compute.server_rebuild.schemas import Rebuild
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.errors import WrongState
from kumoi.services.compute.servers.logic import block_devices, changes, creation, files
from kumoi.services.compute.servers.models import ServerRow, TaskState, VmState
from kumoi.services.compute.servers.operations.create import NO_HOST, boots_from_image
from kumoi.services.compute.servers.scheduling import choice
from kumoi.services.compute.servers.schemas import values

REBUILDABLE = (VmState.ACTIVE, VmState.STOPPED, VmState.ERROR)


def rebuild(
    tx: Transaction, who: Who, server_id: str, asked: Rebuild, origin: Mapping[str, Any]
) -> tuple[ServerRow, str]:
    """The row as it is now, and the password that the guest finds in its metadata."""
    server = changes.ready(tx, who, server_id, "rebuild", REBUILDABLE)
    if server["host"] is None:
        raise WrongState(server_id, "rebuild", "vm_state", server["vm_state"])
    changes.not_resized(tx, server_id, "rebuild")
    if asked.trusted_image_certificates:
        raise BadRequest("trusted_image_certificates: signatures of images are not checked here.")
    image = block_devices.startable(tx, who, asked.imageRef)
    devices = block_devices_store.of_server(tx, server_id)
    local = boots_from_image(devices)
    creation.check_fits(who, server["flavor"], image, local=local)
    if not local and image.id != _image_of_volume(tx, server_id):
        raise NotBuilt(
            "Unable to rebuild with a different image for a volume-backed server: volumes are not imaged anew here;"
            " docs/compute.md lists what is."
        )
    if local and image.id != server["image_id"]:
        # On its own host, which has to suit the new image too.
        why = choice.against_image(tx, server, devices, image.properties)
        if why:
            raise BadRequest(f"{NO_HOST} The host of the server: {'; '.join(why)}.")
    password = asked.adminPass or tx.new_hex()[:12]
    before = server["image_id"]
    changed: dict[str, Any] = {"admin_pass": password, "progress": 0}
    if local:
        changed |= {"image_id": image.id, "image_properties": image.properties}
    servers_store.update(tx, server_id, **changed, **_changes(tx, server, asked))
    changes.begin(
        tx, server, REBUILD, TaskState.REBUILDING, origin, local=local, image_id=image.id,
        image_format=image.disk_format or "raw", image_before=before, was=server["vm_state"],
        properties_before=server["image_properties"],
    )  # fmt: skip
    return changes.visible(tx, who, server_id), password


def _image_of_volume(tx: Transaction, server_id: str) -> str | None:
    roots = [device for device in block_devices_store.of_server(tx, server_id) if device["boot_index"] == 0]
    volume_id = next((device["volume_id"] for device in roots), None)
    volume = block_storage.by_ids(tx, [volume_id]).get(volume_id) if volume_id else None
    return volume.image_id if volume else None


def _changes(tx: Transaction, server: ServerRow, asked: Rebuild) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if asked.name is not None:
        changed["name"] = values.name(asked.name)
    if asked.metadata is not None:
        changed["metadata"] = creation.check_metadata(tx, server["project_id"], asked.metadata)
    if asked.disk_config is not None:
        changed["disk_config"] = asked.disk_config
    if asked.accessIPv4 is not UNSET:
        changed["access_ip_v4"] = values.address(asked.accessIPv4, "accessIPv4", 4)
    if asked.accessIPv6 is not UNSET:
        changed["access_ip_v6"] = values.address(asked.accessIPv6, "accessIPv6", 6)
    if asked.personality is not None:
        changed["personality"] = files.checked(tx, server["project_id"], asked.personality)
    values.flag(asked.preserve_ephemeral, "preserve_ephemeral")
    if asked.description is not UNSET:
        changed["description"] = asked.description
    if asked.key_name is not UNSET:
        changed["key_name"] = asked.key_name
        changed["public_key"] = creation.find_public_key(tx, server["user_id"], asked.key_name)
    if asked.user_data is not UNSET:
        changed["user_data"] = creation.checked_user_data(asked.user_data)
    if asked.hostname is not UNSET:
        changed["hostname"] = asked.hostname
    return changed
