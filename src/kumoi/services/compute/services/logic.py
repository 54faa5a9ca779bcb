"""Changes of a host's service by an admin. Placement is updated in the same transaction."""

from typing import Any

from kumoi.kernel import counts
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.services.compute.hosts import logic as hosts_logic
from kumoi.services.compute.hosts import store as hosts_store
from kumoi.services.compute.hosts.errors import HostHasServers, HostNotFound
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.services.schemas import BINARY
from kumoi.services.placement import facade as placement


def listing(tx: Transaction, host: str | None, binary: str | None) -> list[dict[str, Any]]:
    if binary not in (None, BINARY):
        return []
    return [row for row in hosts_store.every(tx) if host in (None, row["name"])]


def by_name(tx: Transaction, host: str, binary: str) -> dict[str, Any]:
    row = hosts_store.find_by_name(tx, host) if binary == BINARY else None
    if row is None:
        raise HostNotFound(host)
    return row


def by_id(tx: Transaction, service_id: str) -> dict[str, Any]:
    row = hosts_store.find(tx, service_id)
    if row is None:
        raise HostNotFound(service_id)
    return row


def by_number(tx: Transaction, number: str) -> dict[str, Any]:
    """As versions before 2.53 name a service."""
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise BadRequest(f"Invalid input for field/attribute id. Value: {number[:80]}. It is not an integer.")
    row = hosts_store.find_by_number(tx, int(number))
    if row is None:
        raise HostNotFound(number)
    return row


def delete(tx: Transaction, row: dict[str, Any]) -> None:
    """Forget a host without servers: its service, its provider in placement, its place in aggregates. A host that answers
    registers itself again."""
    if counts.of_holders(tx, servers_store.ON_HOST.name, [row["name"]]).get(row["name"], 0):
        raise HostHasServers(row["name"])
    placement.remove_provider(tx, row["id"])
    hosts_store.delete(tx, row["id"])


def change(
    tx: Transaction,
    row: dict[str, Any],
    *,
    disabled: bool | None = None,
    reason: str | None = None,
    forced_down: bool | None = None,
) -> dict[str, Any]:
    """None: unchanged. Only a disabled service has a reason."""
    if reason is not None and not disabled:
        raise BadRequest("Specifying disabled_reason when status is enabled is invalid.")
    if disabled is None and forced_down is None:
        raise BadRequest("No updates were requested. Fields 'status' or 'forced_down' should be specified.")
    values: dict[str, Any] = {}
    if disabled is not None:
        values |= {"disabled": disabled, "disabled_reason": reason}
    if forced_down is not None:
        values["forced_down"] = forced_down
    hosts_store.update(tx, row["id"], **values)
    changed = hosts_store.find(tx, row["id"])
    assert changed is not None
    hosts_logic.offer(tx, changed)
    return changed
