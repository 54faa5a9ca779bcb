"""Finds, updates and deletes servers; checks the states in which an action is allowed."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from kumoi.kernel import operations, policy, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Conflict
from kumoi.kernel.operations import Operation, subject
from kumoi.kernel.who import Who
from kumoi.services.compute.migrations import store as migrations_store
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.errors import Locked, ResizeWaits, ServerNotFound, WrongState
from kumoi.services.compute.servers.models import ServerRow, TaskState, VmState
from kumoi.services.compute.servers.operations.delete import DELETE
from kumoi.services.compute.servers.schemas import values
from kumoi.services.compute.servers.schemas.create import ServerUpdate
from kumoi.services.image.facade import filling
from kumoi.services.network.facade import ports

CHANGED = ports.CARDS_CHANGED
"""Dirty rows of this kind: the guest's metadata or its cards have changed."""

MAKES_IMAGE = ("server.create_image", "server.create_backup")
"""Operations whose unfinished image goes with them when a deletion supersedes them."""


def visible(tx: Transaction, who: Who, server_id: str, *, deleted: bool = False) -> ServerRow:
    """The row, if the caller may see it; otherwise ServerNotFound."""
    row = store.find(tx, server_id, deleted=deleted)
    if row is None or not who.sees(row["project_id"]):
        raise ServerNotFound(server_id)
    return row


def own(tx: Transaction, who: Who, server_id: str) -> ServerRow:
    """The row, if the caller may change it; PolicyForbids for callers who may only see it."""
    row = visible(tx, who, server_id)
    policy.must_change(who, row["project_id"], "os_compute_api:servers:update")
    return row


def unlocked(tx: Transaction, who: Who, server_id: str) -> ServerRow:
    """As `own`; Locked if the server is locked, unless the caller is an admin."""
    row = own(tx, who, server_id)
    if row["locked_by"] and not who.is_admin:
        raise Locked(server_id)
    return row


def ready(
    tx: Transaction, who: Who, server_id: str, action: str, vm_states: Iterable[str], *, idle: bool = True
) -> ServerRow:
    """The row of a server on which the action is allowed: not locked, in one of the states, without an active task."""
    row = unlocked(tx, who, server_id)
    if row["vm_state"] not in tuple(vm_states):
        raise WrongState(server_id, action, "vm_state", row["vm_state"])
    if idle and row["task_state"] is not None:
        raise WrongState(server_id, action, "task_state", row["task_state"])
    return row


def not_resized(tx: Transaction, server_id: str, action: str) -> None:
    """ResizeWaits while a migration is open: it owns the kept root disk and the room of the flavor before."""
    if migrations_store.open_of(tx, server_id) is not None:
        raise ResizeWaits(server_id, action)


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
    for pending in operations.pending_on(tx, subject("server", server_id)):
        if pending["kind"] in MAKES_IMAGE:
            filling.discard(tx, pending["arguments"]["image_id"], dict(origin), unfilled=True)
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
    if asked.pinned_availability_zone is not msgspec.UNSET:
        changes["pinned_availability_zone"] = _pinned(row, asked.pinned_availability_zone)
    if changes:
        store.update(tx, server_id, **changes)
        publish(tx, row)
    return visible(tx, who, server_id)


def _pinned(row: ServerRow, zone: str | None) -> str | None:
    """The zone that the server is to stay in from now on: none, or the one that it is in."""
    before = row["pinned_availability_zone"]
    if zone is None or zone == before:
        return zone
    if before is not None:
        raise Conflict(
            "Cannot change pinned availability zone directly. Unpin first by setting pinned_availability_zone to null."
        )
    if zone != row["availability_zone"]:
        raise Conflict(
            f"Server can only be pinned to its current availability zone '{row['availability_zone']}', but"
            f" '{zone[:80]}' was requested."
        )
    return zone


def publish(tx: Transaction, row: Mapping[str, Any]) -> None:
    """Mark the guest's metadata as changed."""
    if row["vm_state"] != VmState.BUILDING:
        reconcile.mark(tx, CHANGED, row["id"])
