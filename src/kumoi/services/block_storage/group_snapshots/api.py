"""Routes of group snapshots."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.group_rows.models import GroupSnapshotRow
from kumoi.services.block_storage.group_snapshots import logic, schemas
from kumoi.services.block_storage.groups.logic import own as own_group

routes = Routes()
PATH = "/group_snapshots/{group_snapshot_id}"
VERSIONS = since("3.14")


def _shown(request: Request, rows: list[GroupSnapshotRow]) -> list[schemas.GroupSnapshot]:
    statuses = logic.statuses(request.tx, rows)
    return [schemas.group_snapshot(row, statuses[row["id"]]) for row in rows]


@routes.get(
    "/group_snapshots", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody, versions=VERSIONS
)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = logic.page(request.tx, request.who, query)
    return schemas.ListBody(
        group_snapshots=[schemas.item(row) for row in rows],
        group_snapshots_links=listing.next_links(request, query, rows),
    )


@routes.get(
    "/group_snapshots/detail", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.DetailBody,
    versions=VERSIONS,
)  # fmt: skip
def detail(request: Request, query: schemas.ListQuery) -> schemas.DetailBody:
    rows = logic.page(request.tx, request.who, query)
    return schemas.DetailBody(
        group_snapshots=_shown(request, rows), group_snapshots_links=listing.next_links(request, query, rows)
    )


@routes.post(
    "/group_snapshots", policy=policy.member(), body=schemas.CreateBody, reply=schemas.CreatedBody, status=202,
    quota=("snapshots", "gigabytes"), versions=VERSIONS,
)  # fmt: skip
def create(request: Request, body: schemas.CreateBody) -> schemas.CreatedBody:
    asked = body.group_snapshot
    group = own_group(request.tx, request.who, asked.group_id)
    row = logic.create(request.tx, request.who, group, asked.name, asked.description, request.origin())
    return schemas.CreatedBody(schemas.made(row))


@routes.get(PATH, policy=policy.reader(), reply=schemas.Body, versions=VERSIONS)
def show(request: Request, group_snapshot_id: str) -> schemas.Body:
    return schemas.Body(_shown(request, [logic.visible(request.tx, request.who, group_snapshot_id)])[0])


@routes.delete(PATH, policy=policy.member(), status=202, versions=VERSIONS, errors=(409,))
def delete(request: Request, group_snapshot_id: str) -> Reply:
    logic.delete(request.tx, logic.own(request.tx, request.who, group_snapshot_id), request.origin())
    return Reply()


@routes.action(
    f"{PATH}/action", "reset_status", policy=policy.admin(), body=schemas.Status, versions=since("3.19")
)  # fmt: skip
def reset_status(request: Request, group_snapshot_id: str, body: schemas.Status) -> Reply:
    logic.reset_status(request.tx, logic.own(request.tx, request.who, group_snapshot_id), body.status)
    return Reply()
