"""Checks which servers may be resized, and starts the operations."""

from collections.abc import Mapping
from typing import Any

from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.who import Who
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.migrations import store as migrations_store
from kumoi.services.compute.migrations.models import RESIZE, MigrationRow, Status
from kumoi.services.compute.server_resize.operations.confirm import CONFIRM
from kumoi.services.compute.server_resize.operations.resize import RESIZE as RESIZE_SERVER
from kumoi.services.compute.server_resize.operations.revert import REVERT
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.errors import WrongState
from kumoi.services.compute.servers.logic import changes, creation
from kumoi.services.compute.servers.models import ServerRow, TaskState, VmState
from kumoi.services.compute.servers.operations.create import boots_from_image

RESIZABLE = (VmState.ACTIVE, VmState.STOPPED)


def resize(
    tx: Transaction, who: Who, server_id: str, flavor_id: str, disk_config: str | None, origin: Mapping[str, Any]
) -> None:
    """Takes the quota, writes the migration's record and starts the operation. The server's row counts the larger of
    both flavors until the resize is confirmed or reverted, so that both ways stay open."""
    server = changes.ready(tx, who, server_id, "resize", RESIZABLE)
    if server["host"] is None:
        raise WrongState(server_id, "resize", "vm_state", server["vm_state"])
    changes.not_resized(tx, server_id, "resize")
    new, old = creation.copy_of(creation.usable_flavor(tx, who, flavor_id)), server["flavor"]
    if new["id"] == old["id"]:
        raise BadRequest("When resizing, instances must change flavor!")
    local = boots_from_image(block_devices_store.of_server(tx, server_id))
    if local and new["disk"] == 0 and old["disk"] != 0:
        raise BadRequest("Server disk was unable to be resized because: Resize to zero disk flavor is not allowed.")
    vcpus, memory_mib = max(old["vcpus"], new["vcpus"]), max(old["ram"], new["ram"])
    more = {"cores": vcpus - server["vcpus"], "ram": memory_mib - server["memory_mib"]}
    quotas.take(tx, "compute", server["project_id"], more)
    migration_id = tx.new_uuid()
    migrations_store.insert(
        tx, uuid=migration_id, instance_uuid=server_id, project_id=server["project_id"], user_id=who.user_id,
        migration_type=RESIZE, status=Status.PRE_MIGRATING, source_compute=server["host"], source_node=server["host"],
        dest_compute=server["host"], dest_node=server["host"], dest_host=server["host"], old_flavor=old,
        new_flavor=new, was_running=server["vm_state"] == VmState.ACTIVE,
    )  # fmt: skip
    values = {"disk_config": disk_config} if disk_config else {}
    servers_store.update(tx, server_id, vcpus=vcpus, memory_mib=memory_mib, **values)
    changes.begin(tx, server, RESIZE_SERVER, TaskState.RESIZE_PREP, origin, migration_id=migration_id)


def confirm(tx: Transaction, who: Who, server_id: str, origin: Mapping[str, Any]) -> None:
    server = changes.ready(tx, who, server_id, "confirmResize", (VmState.RESIZED,))
    begin_confirmation(tx, server, _finished(tx, server_id), origin)


def begin_confirmation(tx: Transaction, server: ServerRow, migration: MigrationRow, origin: Mapping[str, Any]) -> None:
    migrations_store.update(tx, migration["uuid"], Status.CONFIRMING)
    changes.begin(tx, server, CONFIRM, None, origin, migration_id=migration["uuid"])


def revert(tx: Transaction, who: Who, server_id: str, origin: Mapping[str, Any]) -> None:
    server = changes.ready(tx, who, server_id, "revertResize", (VmState.RESIZED,))
    migration = _finished(tx, server_id)
    migrations_store.update(tx, migration["uuid"], Status.REVERTING)
    changes.begin(tx, server, REVERT, TaskState.RESIZE_REVERTING, origin, migration_id=migration["uuid"])


def _finished(tx: Transaction, server_id: str) -> MigrationRow:
    migration = migrations_store.open_of(tx, server_id)
    if migration is None or migration["status"] != Status.FINISHED:
        raise BadRequest("Instance has not been resized.")
    return migration
