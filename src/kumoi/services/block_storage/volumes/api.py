"""Routes of volumes."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since, until
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.errors import Absent, InvalidInput
from kumoi.services.block_storage.volumes import filters, schemas
from kumoi.services.block_storage.volumes.logic import changes, creation
from kumoi.services.block_storage.volumes.logic import listing as lists
from kumoi.services.block_storage.volumes.models import VolumeRow

routes = Routes()
TAKES = ("volumes", "gigabytes", "per_volume_gigabytes")


def _shown(request: Request, rows: list[VolumeRow]) -> list[schemas.Volume]:
    names, attachments = lists.related(request.tx, rows)
    admin = request.who.is_admin
    return [
        schemas.volume(
            row, names.get(row["volume_type_id"]), attachments.get(row["id"]),
            listing.self_links(request, f"/volumes/{row['id']}"), admin=admin,
        )
        for row in rows
    ]  # fmt: skip


@routes.get("/volumes", policy=policy.reader(), query=filters.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: filters.ListQuery) -> schemas.ListBody:
    listing.refuse_unknown(request, filters.ListQuery)
    rows = lists.page(request.tx, request.who, query)
    body = schemas.ListBody(
        volumes=[
            schemas.ListItem(row["id"], row["name"], listing.self_links(request, f"/volumes/{row['id']}"))
            for row in rows
        ],
        volumes_links=listing.next_links(request, query, rows),
    )
    if query.counted:
        body.count = lists.count(request.tx, request.who, query)
    return body


@routes.get("/volumes/detail", policy=policy.reader(), query=filters.ListQuery, reply=schemas.DetailBody)
def detail(request: Request, query: filters.ListQuery) -> schemas.DetailBody:
    listing.refuse_unknown(request, filters.ListQuery)
    rows = lists.page(request.tx, request.who, query)
    body = schemas.DetailBody(volumes=_shown(request, rows), volumes_links=listing.next_links(request, query, rows))
    if query.counted:
        body.count = lists.count(request.tx, request.who, query)
    return body


@routes.get(
    "/volumes/summary", policy=policy.reader(), query=filters.ListQuery, reply=schemas.SummaryBody,
    versions=since("3.12"),
)  # fmt: skip
def summary(request: Request, query: filters.ListQuery) -> schemas.SummaryBody:
    number, gib, metadata = lists.summary(request.tx, request.who, query)
    return schemas.SummaryBody(schemas.Summary(total_size=gib, total_count=number, metadata=metadata))


@routes.post(
    "/volumes", policy=policy.member(), body=schemas.CreateBody, reply=schemas.Body, status=202, quota=TAKES,
    errors=(501,),
)  # fmt: skip
def create(request: Request, body: schemas.CreateBody) -> schemas.Body:
    asked = body.volume
    if body.hints and (strange := sorted(set(body.hints) - {"same_host", "different_host"})):
        raise Absent(f"OS-SCH-HNT:scheduler_hints: the hint {strange[0][:50]}")
    hints = body.hints or {}
    if asked.multiattach is not None and listing.truth(str(asked.multiattach), "multiattach", False):
        raise InvalidInput("multiattach: a volume here has one server at most.")
    if asked.consistencygroup_id:
        raise Absent("consistencygroup_id: a consistency group")
    wanted = creation.Wanted(
        name=asked.name if asked.name is not None else asked.display_name,
        description=asked.description if asked.description is not None else asked.display_description,
        size_gib=None if asked.size is None else int(asked.size), volume_type=asked.volume_type,
        availability_zone=asked.availability_zone, image_id=asked.imageRef or None,
        snapshot_id=asked.snapshot_id or None, source_volume_id=asked.source_volid or None,
        backup_id=asked.backup_id or None, group_id=asked.group_id or None,
        same_host=schemas.hinted(hints, "same_host"), different_host=schemas.hinted(hints, "different_host"),
        metadata=asked.metadata,
    )  # fmt: skip
    row = creation.create(request.tx, request.who, wanted, request.origin())
    return schemas.Body(schemas.without_extensions(_shown(request, [row])[0]))


@routes.get("/volumes/{volume_id}", policy=policy.reader(), reply=schemas.Body)
def show(request: Request, volume_id: str) -> schemas.Body:
    return schemas.Body(_shown(request, [changes.visible(request.tx, request.who, volume_id)])[0])


def _update(request: Request, volume_id: str, asked: schemas.VolumeUpdate) -> schemas.Body:
    row = changes.own(request.tx, request.who, volume_id)
    changed = changes.update(request.tx, row, asked.given())
    return schemas.Body(schemas.without_extensions(_shown(request, [changed])[0]))


@routes.put(
    "/volumes/{volume_id}", policy=policy.member(), body=schemas.UpdateBody, reply=schemas.Body, versions=until("3.52")
)
def update_until_3_52(request: Request, volume_id: str, body: schemas.UpdateBody) -> schemas.Body:
    return _update(request, volume_id, body.volume)


@routes.put(
    "/volumes/{volume_id}", policy=policy.member(), body=schemas.StrictUpdateBody, reply=schemas.Body,
    versions=since("3.53"),
)  # fmt: skip
def update(request: Request, volume_id: str, body: schemas.StrictUpdateBody) -> schemas.Body:
    if not body.volume.given():
        raise InvalidInput("volume: there is nothing to change; name, description or metadata is expected.")
    return _update(request, volume_id, body.volume)


@routes.delete("/volumes/{volume_id}", policy=policy.member(), query=schemas.DeleteQuery, status=202, errors=(409,))
def delete(request: Request, volume_id: str, query: schemas.DeleteQuery) -> Reply:
    row = changes.own(request.tx, request.who, volume_id)
    force = listing.truth(query.force, "force", False)
    if force:
        changes.must_be_admin(request.who, "volume:force_delete")
    cascade = listing.truth(query.cascade, "cascade", False)
    changes.delete(request.tx, row, request.origin(), cascade=cascade, force=force)
    return Reply()
