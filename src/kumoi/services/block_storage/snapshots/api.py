"""Routes of snapshots."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.errors import Absent, InvalidInput
from kumoi.services.block_storage.snapshots import filters, logic, schemas
from kumoi.services.block_storage.volumes.logic.changes import own

routes = Routes()
ACTION = "/snapshots/{snapshot_id}/action"


@routes.get("/snapshots", policy=policy.reader(), query=filters.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: filters.ListQuery) -> schemas.ListBody:
    listing.refuse_unknown(request, filters.ListQuery)
    rows = logic.page(request.tx, request.who, query)
    body = schemas.ListBody(
        snapshots=[schemas.item(row) for row in rows], snapshots_links=listing.next_links(request, query, rows)
    )
    if query.counted:
        body.count = logic.count(request.tx, request.who, query)
    return body


@routes.get("/snapshots/detail", policy=policy.reader(), query=filters.ListQuery, reply=schemas.DetailBody)
def detail(request: Request, query: filters.ListQuery) -> schemas.DetailBody:
    listing.refuse_unknown(request, filters.ListQuery)
    rows = logic.page(request.tx, request.who, query)
    body = schemas.DetailBody(
        snapshots=[schemas.snapshot(row) for row in rows], snapshots_links=listing.next_links(request, query, rows)
    )
    if query.counted:
        body.count = logic.count(request.tx, request.who, query)
    return body


@routes.post(
    "/snapshots", policy=policy.member(), body=schemas.CreateBody, reply=schemas.CreatedBody, status=202,
    quota=("snapshots", "gigabytes"),
)  # fmt: skip
def create(request: Request, body: schemas.CreateBody) -> schemas.CreatedBody:
    asked = body.snapshot
    force = listing.truth(None if asked.force is None else str(asked.force), "force", False)
    if request.behaves("snapshots need no force"):
        if asked.force is not None and not force:
            raise InvalidInput("snapshot.force: since 3.66 a snapshot may always be made of a volume in use.")
        force = True
    volume = own(request.tx, request.who, str(asked.volume_id))
    row = logic.create(
        request.tx, volume, request.origin(), metadata=asked.metadata, user_id=request.who.user_id, force=force,
        name=asked.name if asked.name is not None else asked.display_name,
        description=asked.description if asked.description is not None else asked.display_description,
    )  # fmt: skip
    return schemas.CreatedBody(schemas.item(row))


@routes.get("/snapshots/{snapshot_id}", policy=policy.reader(), reply=schemas.Body)
def show(request: Request, snapshot_id: str) -> schemas.Body:
    return schemas.Body(schemas.snapshot(logic.visible(request.tx, request.who, snapshot_id)))


@routes.put("/snapshots/{snapshot_id}", policy=policy.member(), body=schemas.UpdateBody, reply=schemas.CreatedBody)
def update(request: Request, snapshot_id: str, body: schemas.UpdateBody) -> schemas.CreatedBody:
    row = logic.own(request.tx, request.who, snapshot_id)
    return schemas.CreatedBody(schemas.item(logic.update(request.tx, row, body.snapshot.given())))


@routes.delete("/snapshots/{snapshot_id}", policy=policy.member(), status=202, errors=(409,))
def delete(request: Request, snapshot_id: str) -> Reply:
    logic.delete(request.tx, logic.own(request.tx, request.who, snapshot_id), request.origin())
    return Reply()


@routes.action(ACTION, "os-reset_status", policy=policy.admin(), body=schemas.Status, errors=(409,))
def reset_status(request: Request, snapshot_id: str, body: schemas.Status) -> Reply:
    logic.reset_status(request.tx, logic.own(request.tx, request.who, snapshot_id), body.status)
    return Reply()


@routes.action(ACTION, "os-update_snapshot_status", policy=policy.member(), body=schemas.StatusUpdate, errors=(409,))
def update_status(request: Request, snapshot_id: str, body: schemas.StatusUpdate) -> Reply:
    logic.update_status(request.tx, logic.own(request.tx, request.who, snapshot_id), body.status, body.progress)
    return Reply()


@routes.action(ACTION, "os-force_delete", policy=policy.admin(), errors=(409,))
def force_delete(request: Request, snapshot_id: str) -> Reply:
    logic.delete(request.tx, logic.own(request.tx, request.who, snapshot_id), request.origin())
    return Reply()


@routes.action(ACTION, "os-unmanage", policy=policy.admin(), status=501, mode="read", errors=(501,))
def unmanage(request: Request, snapshot_id: str) -> Reply:
    logic.own(request.tx, request.who, snapshot_id)
    raise Absent("Giving up a snapshot and keeping its disk")
