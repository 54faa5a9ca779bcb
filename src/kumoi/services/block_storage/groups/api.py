"""Routes of groups."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.group_rows.models import GroupRow
from kumoi.services.block_storage.groups import logic, schemas

routes = Routes()
PATH = "/groups/{volume_group_id}"
VERSIONS = since("3.13")


def _shown(request: Request, rows: list[GroupRow], with_volumes: str | None) -> list[schemas.Group]:
    wanted = listing.truth(with_volumes, "list_volume", False)
    volumes = logic.volumes(request.tx, rows) if wanted else {}
    return [
        schemas.group(row, [volume["id"] for volume in volumes[row["id"]]] if wanted else None) for row in rows
    ]  # fmt: skip


def _ids(text: str | None) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


@routes.get("/groups", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody, versions=VERSIONS)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = logic.page(request.tx, request.who, query)
    return schemas.ListBody(
        groups=[schemas.item(row) for row in rows], groups_links=listing.next_links(request, query, rows)
    )


@routes.get(
    "/groups/detail", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.DetailBody, versions=VERSIONS
)
def detail(request: Request, query: schemas.ListQuery) -> schemas.DetailBody:
    rows = logic.page(request.tx, request.who, query)
    return schemas.DetailBody(
        groups=_shown(request, rows, query.list_volume), groups_links=listing.next_links(request, query, rows)
    )


@routes.post(
    "/groups", policy=policy.member(), body=schemas.CreateBody, reply=schemas.CreatedBody, status=202,
    quota=("groups",), versions=VERSIONS,
)  # fmt: skip
def create(request: Request, body: schemas.CreateBody) -> schemas.CreatedBody:
    asked = body.group
    row = logic.create(
        request.tx, request.who, name=asked.name, description=asked.description, group_type=asked.group_type,
        kinds=asked.volume_types, zone=asked.availability_zone,
    )  # fmt: skip
    return schemas.CreatedBody(schemas.item(row))


@routes.action(
    "/groups/action", "create-from-src", policy=policy.member(), body=schemas.FromSource, reply=schemas.CreatedBody,
    quota=("groups", "volumes", "gigabytes", "per_volume_gigabytes"), versions=since("3.14"), errors=(501,),
)  # fmt: skip
def create_from_source(request: Request, body: schemas.FromSource) -> schemas.CreatedBody:
    row = logic.create_from(
        request.tx, request.who, request.origin(), name=body.name, description=body.description,
        group_snapshot_id=body.group_snapshot_id, source_group_id=body.source_group_id,
    )  # fmt: skip
    return schemas.CreatedBody(schemas.item(row))


@routes.get(PATH, policy=policy.reader(), query=schemas.ShowQuery, reply=schemas.Body, versions=VERSIONS)
def show(request: Request, volume_group_id: str, query: schemas.ShowQuery) -> schemas.Body:
    row = logic.visible(request.tx, request.who, volume_group_id)
    return schemas.Body(_shown(request, [row], query.list_volume)[0])


@routes.put(PATH, policy=policy.member(), body=schemas.UpdateBody, status=202, versions=VERSIONS)
def update(request: Request, volume_group_id: str, body: schemas.UpdateBody) -> Reply:
    asked = body.group
    logic.update(
        request.tx, request.who, logic.own(request.tx, request.who, volume_group_id), name=asked.name,
        description=asked.description, add=_ids(asked.add_volumes), remove=_ids(asked.remove_volumes),
    )  # fmt: skip
    return Reply()


@routes.action(f"{PATH}/action", "delete", policy=policy.member(), body=schemas.Delete, versions=VERSIONS)
def delete(request: Request, volume_group_id: str, body: schemas.Delete) -> Reply:
    row = logic.own(request.tx, request.who, volume_group_id)
    kept = None if body.delete_volumes is None else str(body.delete_volumes)
    logic.delete(request.tx, row, request.origin(), with_volumes=listing.truth(kept, "delete-volumes", False))
    return Reply()


@routes.action(f"{PATH}/action", "reset_status", policy=policy.admin(), body=schemas.Status, versions=since("3.20"))
def reset_status(request: Request, volume_group_id: str, body: schemas.Status) -> Reply:
    logic.reset_status(request.tx, logic.own(request.tx, request.who, volume_group_id), body.status)
    return Reply()
