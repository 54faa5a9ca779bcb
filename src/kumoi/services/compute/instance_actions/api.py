"""Routes of instance actions."""

from typing import Any

from kumoi.kernel import clock, operations, policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.versions import since
from kumoi.services.compute.instance_actions import logic, schemas
from kumoi.services.compute.servers.schemas.shown import host_id

routes = Routes()

ALL = "/servers/{server_id}/os-instance-actions"
ONE = "/servers/{server_id}/os-instance-actions/{request_id}"


def _action(row: dict[str, Any], server_id: str) -> dict[str, Any]:
    return {
        "action": row["action"], "instance_uuid": server_id, "message": row["message"],
        "project_id": row["project_id"], "request_id": row["request_id"],
        "start_time": clock.iso_microseconds(row["created_at"]), "user_id": row["user_id"],
        "updated_at": clock.iso_microseconds(row["updated_at"]),
    }  # fmt: skip


@routes.get(ALL, policy=policy.reader(), query=schemas.ListQuery, closed_query=since("2.58"), reply=schemas.ListBody)
def index(request: Request, server_id: str, query: schemas.ListQuery) -> schemas.ListBody:
    rows, cut = logic.list_of(
        request.tx, request.who, server_id, deleted=request.behaves("actions outlive servers"), limit=query.limit,
        marker=query.marker, since=query.changes_since, before=query.changes_before, instant=clock.parse_iso,
    )  # fmt: skip
    body = schemas.ListBody([schemas.Action(**_action(row, server_id)) for row in rows])
    if cut and rows:
        body.links = [schemas.Link("next", request.link_after(rows[-1]["request_id"]))]
    return body


@routes.get(ONE, policy=policy.reader(), reply=schemas.ShowBody)
def show(request: Request, server_id: str, request_id: str) -> schemas.ShowBody:
    row, server = logic.show(
        request.tx, request.who, server_id, request_id, deleted=request.behaves("actions outlive servers")
    )
    shown = schemas.ActionDetail(**_action(row, server_id))
    admin = request.who.sees(None)
    if admin or request.behaves("everybody sees events"):
        shown.events = [_event(request, entry, row, server, admin=admin) for entry in row["history"]]
    return schemas.ShowBody(shown)


def _event(
    request: Request, entry: dict[str, Any], row: dict[str, Any], server: dict[str, Any], *, admin: bool
) -> schemas.Event:
    undone = entry["result"] == "Undone"
    detail = entry.get("detail") or (undone and row["data"].get("kept")) or row["arguments"].get("why")
    if admin and entry["result"] == "Error":
        # Details about hosts are not shown to the owner.
        detail = row["data"].get(operations.DETAILS) or detail
    # Operations of other services have steps of their own. The API shows them under one name.
    step = entry["step"] if row["kind"].startswith("server.") else row["action"]
    host = server["host"]
    event = schemas.Event(
        event=f"compute_{'undo_' if undone else ''}{step}",
        start_time=clock.iso_microseconds(entry["started"]),
        finish_time=clock.iso_microseconds(entry["finished"]),
        result="Success" if undone else entry["result"],
        host_id=host_id(server["project_id"], host) if host else "",
        details=detail,
    )
    if admin or request.behaves("everybody sees events"):
        event.traceback = (detail if admin else None) or None
    if admin:
        event.host = host
    return event
