"""Reads migrations."""

from collections.abc import Callable, Sequence

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.pagination import MarkerNotFound
from kumoi.kernel.who import Who
from kumoi.services.compute.migrations.models import MigrationRow
from kumoi.services.compute.server_migrations import store
from kumoi.services.compute.server_migrations.schemas import ListQuery
from kumoi.services.compute.servers.logic import changes

EQUAL = ("instance_uuid", "source_compute", "status", "migration_type", "user_id", "project_id")


def listing(tx: Transaction, query: ListQuery, instant: Callable[[str], int]) -> Sequence[MigrationRow]:
    marker = None
    if query.marker is not None:
        marker = store.find(tx, query.marker)
        if marker is None:
            raise MarkerNotFound(f"Marker {query.marker[:80]} could not be found.")
    times = []
    for field, text in (("changes-since", query.changes_since), ("changes-before", query.changes_before)):
        try:
            times.append(None if text is None else instant(text))
        except (ValueError, OverflowError):
            raise BadRequest(f"Invalid input for query parameters {field}. Value: {str(text)[:80]}.") from None
    since, before = times
    if since is not None and before is not None and since > before:
        raise BadRequest("The value of changes-since must be less than or equal to changes-before.")
    equal = {name: getattr(query, name) for name in EQUAL if getattr(query, name) is not None}
    return store.listing(
        tx, equal, host=query.host, since=since, before=before, marker=marker, limit=query.limit
    )  # fmt: skip


def in_progress(tx: Transaction, who: Who, server_id: str) -> list[MigrationRow]:
    """Live migrations, of which there are none yet. Others are in the list of all migrations only, as in Nova."""
    changes.visible(tx, who, server_id)
    return []


def show(tx: Transaction, who: Who, server_id: str, migration_id: str) -> MigrationRow:
    for row in in_progress(tx, who, server_id):
        if str(row["number"]) == migration_id:
            return row
    raise NotFound(f"In-progress live migration {migration_id[:80]} is not found for server {server_id}.")
