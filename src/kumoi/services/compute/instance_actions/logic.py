"""A server's actions are the operations that held it."""

from collections.abc import Callable
from typing import Any

from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.operations import ACTIVE_STATES, UNDONE, UNWINDING, subject
from kumoi.kernel.pagination import MarkerNotFound
from kumoi.kernel.who import Who
from kumoi.services.compute.servers.logic import changes


def list_of(
    tx: Transaction, who: Who, server_id: str, *, deleted: bool, limit: int | None, marker: str | None,
    since: str | None, before: str | None, instant: Callable[[str], int],
) -> tuple[list[dict[str, Any]], bool]:  # fmt: skip
    """Newest first, and whether the page was cut. `deleted`: also for deleted servers."""
    changes.visible(tx, who, server_id, deleted=deleted)
    found = _history(tx, server_id)
    if since is not None:
        found = [row for row in found if row["updated_at"] >= _instant(since, "changes-since", instant)]
    if before is not None:
        found = [row for row in found if row["updated_at"] <= _instant(before, "changes-before", instant)]
    if marker is not None:
        ids = [row["request_id"] for row in found]
        if marker not in ids:
            raise MarkerNotFound(f"marker [{marker[:80]}] not found")
        found = found[ids.index(marker) + 1 :]
    cut = limit is not None and len(found) > limit
    return (found if limit is None else found[:limit]), cut


def show(tx: Transaction, who: Who, server_id: str, request_id: str, *, deleted: bool) -> tuple[dict[str, Any], Any]:
    """The action and its server's row."""
    server = changes.visible(tx, who, server_id, deleted=deleted)
    for row in _history(tx, server_id):
        if row["request_id"] == request_id:
            return row, server
    raise NotFound(f"Action for request_id {request_id[:80]} on instance {server_id} not found")


def _history(tx: Transaction, server_id: str) -> list[dict[str, Any]]:
    """Operations rows with `action` and `message`."""
    found = []
    for row in operations.history_of(tx, subject("server", server_id)):
        operation = operations.registry.get(row["kind"])
        if operation is not None and operation.action is not None:
            failed = row["state"] in (UNWINDING, UNDONE) or (row["state"] in ACTIVE_STATES and row["overdue"])
            found.append({**row, "action": operation.action, "message": "Error" if failed else None})
    return found


def _instant(text: str, field: str, instant: Callable[[str], int]) -> int:
    try:
        return instant(text)
    except ValueError:
        raise BadRequest(f"Invalid input for query parameters {field}. Value: {text[:80]}.") from None
