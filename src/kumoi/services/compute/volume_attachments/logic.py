"""Checks which volumes may be attached and detached."""

from collections.abc import Mapping
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotBuilt
from kumoi.kernel.operations import subject
from kumoi.kernel.who import Who
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.block_devices.models import BlockDeviceRow
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.logic.block_devices import device_name, free_position
from kumoi.services.compute.servers.models import VmState
from kumoi.services.compute.volume_attachments.errors import AlreadyAttached, NotAttached, RootVolume
from kumoi.services.compute.volume_attachments.operations.attach import ATTACH
from kumoi.services.compute.volume_attachments.operations.detach import DETACH

CHANGEABLE = (VmState.ACTIVE, VmState.STOPPED, VmState.PAUSED)
"""The saved memory of a suspended guest requires its devices, so they cannot change."""


def list_of(tx: Transaction, who: Who, server_id: str, offset: int, limit: int | None) -> list[BlockDeviceRow]:
    changes.visible(tx, who, server_id)
    rows = [row for row in block_devices_store.of_server(tx, server_id) if row["volume_id"]]
    return rows[offset : None if limit is None else offset + limit]


def show(tx: Transaction, who: Who, server_id: str, volume_id: str) -> BlockDeviceRow:
    changes.visible(tx, who, server_id)
    row = block_devices_store.find(tx, server_id, volume_id)
    if row is None:
        raise NotAttached(server_id, volume_id)
    return row


def attach(
    tx: Transaction, who: Who, server_id: str, volume_id: str, origin: Mapping[str, Any], *,
    tag: str | None, delete_on_termination: bool,
) -> BlockDeviceRow:  # fmt: skip
    """The volume is reserved at once and plugged in soon; the row as it will be."""
    server = changes.ready(tx, who, server_id, "attach_volume", CHANGEABLE)
    volume = block_storage.usable(tx, who, volume_id)
    if block_devices_store.find(tx, server_id, volume.id):
        raise AlreadyAttached(server_id, volume.id)
    if volume.host not in (None, server["host"]):
        raise BadRequest(f"Invalid volume: volume {volume.id} is on another host than instance {server_id}.")
    position = free_position([row["position"] for row in block_devices_store.of_server(tx, server_id)])
    row: BlockDeviceRow = {
        "id": tx.new_uuid(), "server_id": server_id, "source_type": "volume", "destination_type": "volume",
        "source_id": volume.id, "volume_id": volume.id,
        "attachment_id": block_storage.reserve(tx, who, volume.id, server_id), "size_gib": volume.size,
        "volume_type": None, "boot_index": None, "device_name": device_name(position),
        "delete_on_termination": delete_on_termination, "tag": tag, "position": position,
        "created_at": tx.now,
    }  # fmt: skip
    block_devices_store.insert_many(tx, [row])
    changes.begin(
        tx, server, ATTACH, None, origin, subject("volume", volume.id), volume_id=volume.id, host=server["host"]
    )
    return row


def change(
    tx: Transaction, who: Who, server_id: str, volume_id: str, wanted_id: str, fixed: Mapping[str, str | None],
    delete_on_termination: bool | None,
) -> None:  # fmt: skip
    """Volumes cannot be swapped here. `delete_on_termination` can be changed. `fixed`: the other fields in the request,
    by their API names; they must not differ."""
    changes.unlocked(tx, who, server_id)
    row = show(tx, who, server_id, volume_id)
    is_so = {"id": row["volume_id"], "serverId": row["server_id"], "device": row["device_name"], "tag": row["tag"]}
    for name, value in fixed.items():
        if value != is_so[name]:
            raise BadRequest(f"Invalid input for field/attribute {name}: it cannot be changed.")
    if wanted_id != volume_id:
        raise NotBuilt("Swapping volumes is not built yet; docs/compute.md lists what is.")
    if delete_on_termination is None:
        raise BadRequest("The volume is the one that is attached already (volumeId).")
    block_devices_store.update(tx, row["id"], delete_on_termination=delete_on_termination)


def detach(tx: Transaction, who: Who, server_id: str, volume_id: str, origin: Mapping[str, Any]) -> None:
    server = changes.ready(tx, who, server_id, "detach_volume", CHANGEABLE)
    row = show(tx, who, server_id, volume_id)
    if row["boot_index"] == 0:
        raise RootVolume
    if row["attachment_id"]:
        block_storage.begin_detaching(tx, row["attachment_id"])
    changes.begin(
        tx, server, DETACH, None, origin, subject("volume", volume_id), volume_id=volume_id, host=server["host"]
    )
