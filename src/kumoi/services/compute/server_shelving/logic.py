"""Checks which servers may be shelved and unshelved, and starts the operations."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Conflict, PolicyForbids
from kumoi.kernel.who import Who
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.hosts import store as hosts_store
from kumoi.services.compute.hosts.errors import HostNotFound
from kumoi.services.compute.server_images import logic as server_images
from kumoi.services.compute.server_shelving.operations.offload import OFFLOAD
from kumoi.services.compute.server_shelving.operations.shelve import SHELVE
from kumoi.services.compute.server_shelving.operations.unshelve import UNSHELVE
from kumoi.services.compute.server_shelving.schemas import Unshelve
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.errors import WrongState
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import TaskState, VmState
from kumoi.services.compute.servers.operations.create import boots_from_image

SHELVABLE = (VmState.ACTIVE, VmState.STOPPED, VmState.PAUSED, VmState.SUSPENDED)


def shelve(tx: Transaction, who: Who, server_id: str, origin: Mapping[str, Any]) -> None:
    """A server without a local root disk needs no image: it is offloaded at once."""
    server = changes.ready(tx, who, server_id, "shelve", SHELVABLE)
    if server["host"] is None:
        raise WrongState(server_id, "shelve", "vm_state", server["vm_state"])
    if not boots_from_image(block_devices_store.of_server(tx, server_id)):
        changes.begin(tx, server, OFFLOAD, TaskState.SHELVING, origin)
        return
    name = f"{server['name'][:247]}-shelved"
    image_id = server_images.queue(tx, who, server, name, {"image_type": "snapshot"})
    servers_store.update(tx, server_id, shelved_image_id=image_id)
    changes.begin(tx, server, SHELVE, TaskState.SHELVING, origin, image_id=image_id, was=server["vm_state"])


def offload(tx: Transaction, who: Who, server_id: str, origin: Mapping[str, Any]) -> None:
    server = changes.ready(tx, who, server_id, "shelveOffload", (VmState.SHELVED,))
    changes.begin(tx, server, OFFLOAD, TaskState.SHELVING_OFFLOADING, origin)


def unshelve(tx: Transaction, who: Who, server_id: str, asked: Unshelve, origin: Mapping[str, Any]) -> None:
    """`host` and a zone count for servers that are on no host."""
    server = changes.ready(tx, who, server_id, "unshelve", (VmState.SHELVED, VmState.SHELVED_OFFLOADED))
    if asked.host is not None and not who.is_admin:
        raise PolicyForbids("os_compute_api:os-shelve:unshelve_to_host")
    if (asked.host is not None or asked.availability_zone is not UNSET) and server["host"] is not None:
        raise Conflict(
            f"Specifying an availability zone or a host when unshelving a server with status {server['vm_state']} is"
            " not supported, only SHELVED_OFFLOADED is supported."
        )
    if asked.availability_zone is not UNSET:
        zones = {row["availability_zone"] for row in hosts_store.every(tx)}
        if asked.availability_zone is not None and asked.availability_zone not in zones:
            raise BadRequest("The requested availability zone is not available")
        servers_store.update(tx, server_id, pinned_availability_zone=asked.availability_zone)
    if asked.host is not None and hosts_store.find_by_name(tx, asked.host) is None:
        raise BadRequest(HostNotFound(asked.host).message)
    changes.begin(tx, server, UNSHELVE, TaskState.UNSHELVING, origin, wanted_host=asked.host)
