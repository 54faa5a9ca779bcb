"""Routes of volumes and snapshots until 2.35, answered by block storage."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import until
from kumoi.services.compute import elsewhere
from kumoi.services.compute.os_volumes import schemas

routes = Routes()
UNTIL = until("2.35")
STORE = "block_storage"


def _page(request: Request, path: str, name: str, query: schemas.ListQuery) -> list[dict[str, Any]]:
    asked = {"offset": str(query.offset)} if query.offset else {}
    if query.limit is not None:
        asked["limit"] = str(query.limit)
        if query.limit == 0:
            return []
    found: list[dict[str, Any]] = elsewhere.ask(request, STORE, "GET", path, query=asked)[name]
    return found


@routes.get("/os-volumes/detail", policy=policy.reader(), query=schemas.ListQuery,
            reply=under("volumes", list[schemas.Volume]), versions=UNTIL)  # fmt: skip
@routes.get("/os-volumes", policy=policy.reader(), query=schemas.ListQuery,
            reply=under("volumes", list[schemas.Volume]), versions=UNTIL)  # fmt: skip
def index(request: Request, query: schemas.ListQuery) -> dict[str, Any]:
    return {"volumes": [schemas.volume(one) for one in _page(request, "/volumes/detail", "volumes", query)]}


@routes.get("/os-volumes/{volume_id}", policy=policy.reader(), reply=under("volume", schemas.Volume), versions=UNTIL)
def show(request: Request, volume_id: str) -> dict[str, Any]:
    found = elsewhere.ask(request, STORE, "GET", "/volumes/{volume_id}", volume_id=volume_id)
    return {"volume": schemas.volume(found["volume"])}


@routes.post("/os-volumes", policy=policy.member(), body=schemas.CreateBody, reply=under("volume", schemas.Volume),
             status=200, versions=UNTIL)  # fmt: skip
def create(request: Request, body: schemas.CreateBody) -> dict[str, Any]:
    asked = body.volume
    if asked.size is None and asked.snapshot_id is None:
        raise BadRequest("Invalid input for field/attribute volume.size. It is required without a snapshot_id.")
    volume = {
        "size": asked.size, "name": asked.display_name, "description": asked.display_description,
        "volume_type": asked.volume_type, "metadata": asked.metadata, "snapshot_id": asked.snapshot_id,
        "availability_zone": asked.availability_zone,
    }  # fmt: skip
    given = {"volume": {name: value for name, value in volume.items() if value is not None}}
    made = elsewhere.ask(request, STORE, "POST", "/volumes", body=given)
    return {"volume": schemas.volume(made["volume"])}


@routes.delete("/os-volumes/{volume_id}", policy=policy.member(), status=202, versions=UNTIL, errors=(409,))
def delete(request: Request, volume_id: str) -> Reply:
    elsewhere.ask(request, STORE, "DELETE", "/volumes/{volume_id}", volume_id=volume_id)
    return Reply()


@routes.get("/os-snapshots/detail", policy=policy.reader(), query=schemas.ListQuery,
            reply=under("snapshots", list[schemas.Snapshot]), versions=UNTIL)  # fmt: skip
@routes.get("/os-snapshots", policy=policy.reader(), query=schemas.ListQuery,
            reply=under("snapshots", list[schemas.Snapshot]), versions=UNTIL)  # fmt: skip
def index_snapshots(request: Request, query: schemas.ListQuery) -> dict[str, Any]:
    return {"snapshots": [schemas.snapshot(one) for one in _page(request, "/snapshots/detail", "snapshots", query)]}


@routes.get("/os-snapshots/{snapshot_id}", policy=policy.reader(), reply=under("snapshot", schemas.Snapshot),
            versions=UNTIL)  # fmt: skip
def show_snapshot(request: Request, snapshot_id: str) -> dict[str, Any]:
    found = elsewhere.ask(request, STORE, "GET", "/snapshots/{snapshot_id}", snapshot_id=snapshot_id)
    return {"snapshot": schemas.snapshot(found["snapshot"])}


@routes.post("/os-snapshots", policy=policy.member(), body=schemas.SnapBody, reply=under("snapshot", schemas.Snapshot),
             status=200, versions=UNTIL)  # fmt: skip
def create_snapshot(request: Request, body: schemas.SnapBody) -> dict[str, Any]:
    asked = body.snapshot
    snapshot = {
        "volume_id": asked.volume_id, "name": asked.display_name, "description": asked.display_description,
        "force": True,
    }  # fmt: skip
    given = {"snapshot": {name: value for name, value in snapshot.items() if value is not None}}
    made = elsewhere.ask(request, STORE, "POST", "/snapshots", body=given)
    return {"snapshot": schemas.snapshot(made["snapshot"])}


@routes.delete("/os-snapshots/{snapshot_id}", policy=policy.member(), status=202, versions=UNTIL, errors=(409,))
def delete_snapshot(request: Request, snapshot_id: str) -> Reply:
    elsewhere.ask(request, STORE, "DELETE", "/snapshots/{snapshot_id}", snapshot_id=snapshot_id)
    return Reply()
