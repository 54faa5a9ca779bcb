"""The rules of server groups."""

from collections.abc import Sequence

from kumoi.kernel import policy as policies
from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.pagination import LARGEST_PAGE
from kumoi.kernel.who import Who
from kumoi.services.compute.server_group_rows import store as server_group_rows_store
from kumoi.services.compute.server_group_rows.models import Policy, ServerGroupRow
from kumoi.services.compute.server_groups.errors import RulesNotSupported, ServerGroupNotFound


def create(tx: Transaction, who: Who, *, name: str, policy: str, max_server_per_host: int | None) -> ServerGroupRow:
    if who.project_id is None:
        raise BadRequest("A server group belongs to a project: use a token with a project's scope.")
    if max_server_per_host is not None and policy != Policy.ANTI_AFFINITY:
        raise RulesNotSupported()
    quotas.take(tx, "compute", who.project_id, {"server_groups": 1})
    row = ServerGroupRow(
        id=tx.new_uuid(), project_id=who.project_id, user_id=who.user_id, name=name, policy=policy,
        max_server_per_host=max_server_per_host, created_at=tx.now,
    )  # fmt: skip
    server_group_rows_store.insert(tx, row)
    return row


def visible(tx: Transaction, who: Who, group_id: str) -> ServerGroupRow:
    row = server_group_rows_store.find(tx, group_id)
    if row is None or not who.sees(row["project_id"]):
        raise ServerGroupNotFound(group_id)
    return row


def delete(tx: Transaction, who: Who, group_id: str) -> None:
    row = visible(tx, who, group_id)
    policies.must_change(who, row["project_id"], "os_compute_api:os-server-groups:delete")
    server_group_rows_store.delete(tx, group_id)


def listing(tx: Transaction, who: Who, *, every: bool, limit: int | None, offset: int) -> list[ServerGroupRow]:
    """`every`: those of all projects, for callers who may see them."""
    project_id = who.only_project if every or who.project_id is None else who.project_id
    most = LARGEST_PAGE if limit is None else min(limit, LARGEST_PAGE)
    return server_group_rows_store.listing(tx, project_id, limit=most, offset=offset)


def members(tx: Transaction, rows: Sequence[ServerGroupRow]) -> dict[str, list[str]]:
    return server_group_rows_store.members_of(tx, [row["id"] for row in rows])
