"""Finding the server that is meant, renaming it, deleting it; what an action may start from."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from kumoi.kernel import operations, policy, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Operation, subject
from kumoi.kernel.who import Who
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.errors import Locked, ServerNotFound, WrongState
from kumoi.services.compute.servers.models import ServerRow, TaskState, VmState
from kumoi.services.compute.servers.operations.delete import DELETE
from kumoi.services.compute.servers.schemas import values
from kumoi.services.compute.servers.schemas.create import ServerUpdate
from kumoi.services.network.facade import ports

CHANGED = ports.CARDS_CHANGED
"""Dirty rows of this kind: what the guest reads about itself has changed, or which cards it should have."""


def visible(tx: Transaction, who: Who, server_id: str, *, deleted: bool = False) -> ServerRow:
    """The row, when the caller may see it; ServerNotFound."""
    row = store.find(tx, server_id, deleted=deleted)
    if row is None or not who.sees(row["project_id"]):
        raise ServerNotFound(server_id)
    return row


def own(tx: Transaction, who: Who, server_id: str) -> ServerRow:
    """The row, for whom it is to change; PolicyForbids for others who see it."""
    row = visible(tx, who, server_id)
    policy.must_change(who, row["project_id"], "os_compute_api:servers:update")
    return row


def unlocked(tx: Transaction, who: Who, server_id: str) -> ServerRow:
    """As `own`; Locked when it is, unless the caller is an admin."""
    row = own(tx, who, server_id)
    if row["locked_by"] and not who.is_admin:
        raise Locked(server_id)
    return row


def ready(
    tx: Transaction, who: Who, server_id: str, action: str, vm_states: Iterable[str], *, idle: bool = True
) -> ServerRow:
    """The row of a server that the action may start from: not locked, in one of the states, nothing being done to it."""
    row = unlocked(tx, who, server_id)
    if row["vm_state"] not in tuple(vm_states):
        raise WrongState(server_id, action, "vm_state", row["vm_state"])
    if idle and row["task_state"] is not None:
        raise WrongState(server_id, action, "task_state", row["task_state"])
    return row


def begin(
    tx: Transaction, row: Mapping[str, Any], operation: Operation, task_state: TaskState | None,
    origin: Mapping[str, Any], *also: str, **arguments: Any,
) -> None:  # fmt: skip
    """Start work on the server. It waits for earlier attachments and detachments of the server, which have no task state.
    `also`: further subjects; Busy if another operation holds one of them."""
    server = subject("server", row["id"])
    operations.begin(tx, operation, [server, *also], {"server_id": row["id"], **arguments}, queue=[server], **origin)
    if task_state is not None:
        store.update(tx, row["id"], task_state=task_state)


def delete(tx: Transaction, who: Who, server_id: str, origin: Mapping[str, Any]) -> None:
    """Over whatever is in progress, from any state."""
    unlocked(tx, who, server_id)
    operations.supersede(tx, DELETE, [subject("server", server_id)], {"server_id": server_id}, **origin)
    store.update(tx, server_id, task_state=TaskState.DELETING)


def update(tx: Transaction, who: Who, server_id: str, asked: ServerUpdate) -> ServerRow:
    row = own(tx, who, server_id)
    changes: dict[str, Any] = {}
    if asked.name is not msgspec.UNSET:
        changes["name"] = values.name(asked.name)
    if asked.description is not msgspec.UNSET:
        changes["description"] = asked.description
    if asked.disk_config is not msgspec.UNSET:
        changes["disk_config"] = asked.disk_config
    if asked.accessIPv4 is not msgspec.UNSET:
        changes["access_ip_v4"] = values.address(asked.accessIPv4, "accessIPv4", 4)
    if asked.accessIPv6 is not msgspec.UNSET:
        changes["access_ip_v6"] = values.address(asked.accessIPv6, "accessIPv6", 6)
    if asked.hostname is not msgspec.UNSET:
        changes["hostname"] = asked.hostname
    if changes:
        store.update(tx, server_id, **changes)
        publish(tx, row)
    return visible(tx, who, server_id)


def publish(tx: Transaction, row: Mapping[str, Any]) -> None:
    """The guest is to read about itself what the rows say from now on."""
    if row["vm_state"] != VmState.BUILDING:
        reconcile.mark(tx, CHANGED, row["id"])
