"""Shapes of tasks: docs.openstack.org/api-ref/image/v2/#tasks."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, UnsetType

from kumoi.kernel import clock, events
from kumoi.kernel.operations import DONE, ENDED, QUEUED, RUNNING, SUPERSEDED, UNDONE, UNWINDING, OperationRow
from kumoi.kernel.pagination import Limit
from kumoi.kernel.queries import Way

Status = Literal["pending", "processing", "success", "failure"]
STATES: dict[str, tuple[str, ...]] = {
    "pending": (QUEUED,), "processing": (RUNNING, UNWINDING), "success": (DONE,), "failure": (UNDONE, SUPERSEDED),
}  # fmt: skip
_STATUS: dict[str, Any] = {state: status for status, states in STATES.items() for state in states}


class Query(msgspec.Struct, kw_only=True):
    limit: Limit | None = None
    marker: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    sort_key: Literal["created_at", "updated_at", "id"] = "created_at"
    sort_dir: Way = "desc"
    status: Status | None = None
    type: Literal["import", "api_image_import"] | None = None


class Input(msgspec.Struct, kw_only=True):
    """`image_properties`: the attributes of the new image."""

    import_from: Annotated[str, msgspec.Meta(max_length=4096)]
    import_from_format: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    image_properties: dict[str, Any]


class Create(msgspec.Struct, kw_only=True):
    type: Literal["import"]
    input: Input


class Stub(msgspec.Struct, kw_only=True):
    """A task in a list."""

    id: str
    type: Literal["import", "api_image_import"]
    status: Status
    owner: str
    created_at: str
    updated_at: str
    expires_at: str | UnsetType = UNSET
    self: str
    schema: str


class Method(msgspec.Struct, kw_only=True):
    name: str
    uri: str | UnsetType = UNSET
    glance_image_id: str | UnsetType = UNSET
    glance_region: str | UnsetType = UNSET
    glance_service_interface: str | UnsetType = UNSET


class Request(msgspec.Struct, kw_only=True):
    """The body of an import."""

    method: Method
    all_stores_must_succeed: bool
    stores: list[str] | UnsetType = UNSET
    all_stores: bool | UnsetType = UNSET


class Told(msgspec.Struct, kw_only=True):
    """Of an import: its body. Of the old kind of tasks: what the client sent, without a password."""

    image_id: str | UnsetType = UNSET
    import_req: Request | UnsetType = UNSET
    backend: list[str] | UnsetType = UNSET
    import_from: str | UnsetType = UNSET
    import_from_format: str | UnsetType | None = UNSET
    image_properties: dict[str, Any] | UnsetType = UNSET


class Result(msgspec.Struct, kw_only=True):
    image_id: str


class Task(Stub, kw_only=True):
    input: Told
    result: Result | None
    message: str
    image_id: str
    request_id: str
    user_id: str


def stub(row: OperationRow) -> dict[str, Any]:
    expires = {}
    if row["state"] in ENDED:
        expires["expires_at"] = clock.iso(row["updated_at"] + events.KEPT)
    return {
        "id": row["id"],
        "type": row["arguments"].get("task", "api_image_import"),
        "status": _STATUS[row["state"]],
        "owner": row["project_id"] or "",
        "created_at": clock.iso(row["created_at"]),
        "updated_at": clock.iso(row["updated_at"]),
        **expires,
        "self": f"/v2/tasks/{row['id']}",
        "schema": "/v2/schemas/task",
    }


def task(row: OperationRow) -> dict[str, Any]:
    arguments, shown = row["arguments"], stub(row)
    told = arguments.get("request", {})
    if shown["type"] != "import":
        stores = arguments["stores"] if "stores" in arguments else [arguments["store"]]
        told = {"image_id": arguments["image_id"], **({"import_req": told} if told else {}), "backend": stores}
    return {
        **shown,
        "input": told,
        "result": {"image_id": arguments["image_id"]} if shown["status"] == "success" else None,
        "message": row["fault"] or "",
        "image_id": arguments["image_id"],
        "request_id": row["request_id"],
        "user_id": row["user_id"],
    }


def listing(rows: list[OperationRow], query: Query, limit: int) -> dict[str, Any]:
    asked = {
        name: str(value)
        for name in Query.__struct_fields__
        if name != "marker" and (value := getattr(query, name)) != getattr(Query(), name)
    }

    def path(more: dict[str, str]) -> str:
        return "/v2/tasks" + (f"?{urlencode(more)}" if more else "")

    body = {"tasks": [stub(row) for row in rows], "first": path(asked), "schema": "/v2/schemas/tasks"}
    if rows and len(rows) == limit:
        body["next"] = path({**asked, "marker": rows[-1]["id"]})
    return body
