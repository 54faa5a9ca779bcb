"""Which operations a caller may read: those of the project; all for admins and readers of the cloud."""

from collections.abc import Iterable

from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import NotFound
from kumoi.kernel.operations import OperationRow
from kumoi.kernel.pagination import MarkerNotFound
from kumoi.kernel.who import Who
from kumoi.services.cloud.work import store


def show(tx: Transaction, who: Who, operation_id: str) -> OperationRow:
    row = store.find(tx, operation_id)
    if row is None or not who.sees(row["project_id"]):
        raise NotFound(f"Operation {operation_id} could not be found.")
    return row


def list_of(
    tx: Transaction, who: Who, subject: str | None, state: str | None, marker: str | None, limit: int | None
) -> list[OperationRow]:
    after = None
    if marker is not None:
        after = store.find(tx, marker)
        if after is None or not who.sees(after["project_id"]):
            raise MarkerNotFound(f"marker: operation {marker} could not be found.")
    return store.list_of(tx, who.only_project, subject, state, after, limit)


def subjects_of(tx: Transaction, rows: Iterable[OperationRow]) -> dict[str, list[str]]:
    """Id of each operation → its subjects."""
    found: dict[str, list[str]] = {row["id"]: [] for row in rows}
    for operation_id, subject in operations.subjects_of(tx, list(found)):
        found[operation_id].append(subject)
    return found
