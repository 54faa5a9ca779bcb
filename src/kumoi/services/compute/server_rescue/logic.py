"""Checks which servers may be rescued, and starts the operations."""

from collections.abc import Mapping
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.who import Who
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.server_rescue.operations.rescue import RESCUE
from kumoi.services.compute.server_rescue.operations.unrescue import UNRESCUE
from kumoi.services.compute.server_rescue.schemas import Rescue
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.errors import WrongState
from kumoi.services.compute.servers.logic import block_devices, changes
from kumoi.services.compute.servers.models import TaskState, VmState
from kumoi.services.compute.servers.operations.create import boots_from_image

RESCUABLE = (VmState.ACTIVE, VmState.STOPPED, VmState.ERROR)
STABLE = ("hw_rescue_device", "hw_rescue_bus")
"""Properties of images with which the server's own disks keep their places."""


def rescue(
    tx: Transaction, who: Who, server_id: str, asked: Rescue, origin: Mapping[str, Any], *, with_volumes: bool
) -> str:
    """The password that the guest finds in its metadata. Without an image of its own the rescue uses the server's."""
    server = changes.ready(tx, who, server_id, "rescue", RESCUABLE)
    if server["host"] is None:
        raise WrongState(server_id, "rescue", "vm_state", server["vm_state"])
    image_id = asked.rescue_image_ref or server["image_id"]
    local = boots_from_image(block_devices_store.of_server(tx, server_id))
    if not local and (not with_volumes or image_id is None):
        raise BadRequest(f"Instance {server_id} cannot be rescued: Cannot rescue a volume-backed instance")
    image = block_devices.startable(tx, who, image_id or "")
    stable = any(name in image.properties for name in STABLE)
    if not local and not stable:
        raise BadRequest(
            f"Instance {server_id} cannot be rescued: Cannot rescue a volume-backed instance with an image without"
            f" the property {' or '.join(STABLE)}"
        )
    password = asked.adminPass or tx.new_hex()[:12]
    servers_store.update(tx, server_id, admin_pass=password)
    changes.begin(
        tx, server, RESCUE, TaskState.RESCUING, origin, image_id=image.id, image_format=image.disk_format or "raw",
        stable=stable, was=server["vm_state"],
    )  # fmt: skip
    return password


def unrescue(tx: Transaction, who: Who, server_id: str, origin: Mapping[str, Any]) -> None:
    server = changes.ready(tx, who, server_id, "unrescue", (VmState.RESCUED,))
    changes.begin(
        tx,
        server,
        UNRESCUE,
        TaskState.UNRESCUING,
        origin,
        image_id=server["rescue_image_id"],
        stable=server["rescue_is_last"],
    )
