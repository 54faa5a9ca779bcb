"""Routes of backups."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.rows import set_fields
from kumoi.kernel.versions import since
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.backup_rows.models import BackupRow
from kumoi.services.block_storage.backups import filters, live, logic, schemas
from kumoi.services.block_storage.backups.logic import Exported
from kumoi.services.block_storage.listing import Link
from kumoi.services.block_storage.volumes.logic.changes import own as own_volume

routes = Routes()
PATH = "/backups/{backup_id}"
ACTION = f"{PATH}/action"
TAKES = ("backups", "backup_gigabytes")


def _links(request: Request, row: BackupRow) -> list[Link]:
    return listing.self_links(request, f"/backups/{row['id']}")


def _shown(request: Request, rows: list[BackupRow]) -> list[schemas.Backup]:
    needed, admin = logic.needed(request.tx, rows), request.who.is_admin
    return [schemas.backup(row, _links(request, row), needed=row["id"] in needed, admin=admin) for row in rows]


@routes.get("/backups", policy=policy.reader(), query=filters.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: filters.ListQuery) -> schemas.ListBody:
    listing.refuse_unknown(request, filters.ListQuery)
    rows = logic.page(request.tx, request.who, query)
    body = schemas.ListBody(
        backups=[schemas.item(row, _links(request, row)) for row in rows],
        backups_links=listing.next_links(request, query, rows),
    )
    if query.counted:
        body.count = logic.count(request.tx, request.who, query)
    return body


@routes.get("/backups/detail", policy=policy.reader(), query=filters.ListQuery, reply=schemas.DetailBody)
def detail(request: Request, query: filters.ListQuery) -> schemas.DetailBody:
    listing.refuse_unknown(request, filters.ListQuery)
    rows = logic.page(request.tx, request.who, query)
    body = schemas.DetailBody(backups=_shown(request, rows), backups_links=listing.next_links(request, query, rows))
    if query.counted:
        body.count = logic.count(request.tx, request.who, query)
    return body


@routes.post(
    "/backups", policy=policy.member(), body=schemas.CreateBody, reply=schemas.CreatedBody, status=202, quota=TAKES
)
def create(request: Request, body: schemas.CreateBody) -> schemas.CreatedBody:
    asked = body.backup
    row = logic.create(
        request.tx, request.who, own_volume(request.tx, request.who, asked.volume_id), request.origin(), name=asked.name,
        description=asked.description, container=asked.container, snapshot_id=asked.snapshot_id,
        metadata=asked.metadata, zone=asked.availability_zone,
        incremental=listing.truth(None if asked.incremental is None else str(asked.incremental), "incremental", False),
        force=listing.truth(None if asked.force is None else str(asked.force), "force", False),
    )  # fmt: skip
    return schemas.CreatedBody(schemas.made(row, _links(request, row)))


@routes.get(PATH, policy=policy.reader(), reply=schemas.Body)
def show(request: Request, backup_id: str) -> schemas.Body:
    return schemas.Body(_shown(request, [logic.visible(request.tx, request.who, backup_id)])[0])


@routes.put(PATH, policy=policy.member(), body=schemas.UpdateBody, reply=schemas.CreatedBody, versions=since("3.9"))
def update(request: Request, backup_id: str, body: schemas.UpdateBody) -> schemas.CreatedBody:
    row = logic.own(request.tx, request.who, backup_id)
    row = logic.update(request.tx, row, set_fields(body.backup))
    return schemas.CreatedBody(schemas.made(row, _links(request, row)))


@routes.delete(PATH, policy=policy.member(), status=202)
def delete(request: Request, backup_id: str) -> Reply:
    logic.delete(request.tx, logic.own(request.tx, request.who, backup_id), request.origin())
    return Reply()


@routes.post(
    f"{PATH}/restore", policy=policy.member(), body=schemas.RestoreBody, reply=schemas.RestoredBody, status=202,
    quota=("volumes", "gigabytes", "per_volume_gigabytes"), errors=(409,),
)  # fmt: skip
def restore(request: Request, backup_id: str, body: schemas.RestoreBody) -> schemas.RestoredBody:
    row = logic.own(request.tx, request.who, backup_id)
    asked = body.restore
    volume = logic.restore(request.tx, request.who, row, asked.volume_id, asked.name, request.origin())
    return schemas.RestoredBody(
        schemas.Restored(backup_id=row["id"], volume_id=volume["id"], volume_name=volume["name"] or "")
    )


@routes.get(f"{PATH}/export_record", policy=policy.admin(), query=Nothing, reply=schemas.RecordBody)
def export(request: Request, backup_id: str) -> schemas.RecordBody:
    service, url = logic.export(request.tx, logic.visible(request.tx, request.who, backup_id))
    return schemas.RecordBody(schemas.Record(backup_service=service, backup_url=url))


@routes.post(
    "/backups/import_record", policy=policy.admin(), body=schemas.RecordBody, reply=schemas.ImportedBody, quota=TAKES,
    before=live.recorded, errors=(503,),
)  # fmt: skip
def import_record(request: Request, body: schemas.RecordBody, prepared: Exported) -> schemas.ImportedBody:
    row = logic.import_record(request.tx, request.who, prepared)
    return schemas.ImportedBody(schemas.item(row, _links(request, row)))


@routes.action(ACTION, "os-reset_status", policy=policy.admin(), body=schemas.Status, errors=(409,))
def reset_status(request: Request, backup_id: str, body: schemas.Status) -> Reply:
    logic.reset_status(request.tx, logic.own(request.tx, request.who, backup_id), body.status)
    return Reply()


@routes.action(ACTION, "os-force_delete", policy=policy.admin())
def force_delete(request: Request, backup_id: str) -> Reply:
    logic.delete(request.tx, logic.own(request.tx, request.who, backup_id), request.origin(), force=True)
    return Reply()
