"""Routes of images until 2.35, and of their metadata until 2.38, answered by the image service."""

from typing import Any

import msgspec

from kumoi.kernel import clock, policy
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import until
from kumoi.services.compute import elsewhere
from kumoi.services.compute.images import schemas

routes = Routes()
UNTIL, METADATA_UNTIL = until("2.35"), until("2.38")
ONE, META = "/images/{image_id}", "/images/{image_id}/metadata"
PATCH = "application/openstack-images-v2.1-json-patch"
MOST = 1000


def _page(request: Request, query: schemas.ListQuery) -> list[dict[str, Any]]:
    limit = MOST if query.limit is None else min(query.limit, MOST)
    asked = {"limit": str(limit)}
    if query.status is not None:
        known = [name for name, status in schemas.STATUSES.items() if status == query.status.upper()]
        if not known:
            return []
        asked["status"] = f"in:{','.join(known)}"
    if query.changes_since is not None:
        try:
            asked["updated_at"] = f"gte:{clock.iso(clock.parse_iso(query.changes_since))}"
        except (ValueError, OverflowError):
            raise BadRequest(
                f"Invalid input for query parameters changes-since. Value: {query.changes_since[:80]}."
            ) from None
    named = {
        "name": query.name, "image_type": query.type, "marker": query.marker,
        "instance_uuid": query.server.rpartition("/")[2] if query.server else None,
    }  # fmt: skip
    asked |= {name: value for name, value in named.items() if value is not None}
    if limit == 0:
        return []
    found: list[dict[str, Any]] = elsewhere.ask(request, "image", "GET", "/v2/images", query=asked)["images"]
    for field, least in (("min_ram", query.minRam), ("min_disk", query.minDisk)):
        found = [one for one in found if least is None or one[field] >= least]
    return found


def _places(request: Request) -> tuple[str, str]:
    return request.link(""), f"{request.base_url}{request.service.root}"


def _following(request: Request, query: schemas.ListQuery, found: list[dict[str, Any]]) -> Any:
    if query.limit is None or len(found) < query.limit or not found:
        return msgspec.UNSET
    return [schemas.Link(rel="next", href=request.link_after(found[-1]["id"]))]


def _show(request: Request, image_id: str) -> dict[str, Any]:
    found: dict[str, Any] = elsewhere.ask(request, "image", "GET", "/v2/images/{image_id}", image_id=image_id)
    return found


def _change(request: Request, image_id: str, wanted: dict[str, str]) -> dict[str, str]:
    """Make `wanted` the custom properties of the image; what they are afterwards."""
    found = _show(request, image_id)
    now = schemas.properties(found)
    for name in wanted.keys() - now.keys():
        if name in found:
            raise BadRequest(f"Invalid input for field/attribute metadata. {name} is an attribute of each image.")
    changes = [{"op": "remove", "path": _pointer(name)} for name in now if name not in wanted]
    changes += [
        {"op": "add", "path": _pointer(name), "value": value}
        for name, value in wanted.items()
        if now.get(name) != value
    ]
    if changes:
        found = elsewhere.ask(
            request, "image", "PATCH", "/v2/images/{image_id}", body=changes, content_type=PATCH, image_id=image_id
        )  # fmt: skip
    return schemas.properties(found)


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


@routes.get("/images", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody, versions=UNTIL)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    found = _page(request, query)
    places = _places(request)
    return schemas.ListBody(
        images=[schemas.item(one, *places) for one in found], images_links=_following(request, query, found)
    )


@routes.get("/images/detail", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.DetailBody, versions=UNTIL)
def detail(request: Request, query: schemas.ListQuery) -> schemas.DetailBody:
    found = _page(request, query)
    places = _places(request)
    return schemas.DetailBody(
        images=[schemas.image(one, *places) for one in found], images_links=_following(request, query, found)
    )


@routes.get(ONE, policy=policy.reader(), reply=under("image", schemas.Image), versions=UNTIL)
def show(request: Request, image_id: str) -> dict[str, Any]:
    return {"image": schemas.image(_show(request, image_id), *_places(request))}


@routes.delete(ONE, policy=policy.member(), versions=UNTIL)
def delete(request: Request, image_id: str) -> Reply:
    elsewhere.ask(request, "image", "DELETE", "/v2/images/{image_id}", image_id=image_id)
    return Reply()


@routes.get(META, policy=policy.reader(), query=Nothing, reply=schemas.Metadata, versions=METADATA_UNTIL)
def show_metadata(request: Request, image_id: str) -> dict[str, Any]:
    return {"metadata": schemas.properties(_show(request, image_id))}


@routes.post(META, policy=policy.member(), body=schemas.Metadata, reply=schemas.Metadata, status=200,
             versions=METADATA_UNTIL, errors=(413,))  # fmt: skip
def add_metadata(request: Request, image_id: str, body: schemas.Metadata) -> dict[str, Any]:
    now = schemas.properties(_show(request, image_id))
    return {"metadata": _change(request, image_id, {**now, **body.metadata})}


@routes.put(META, policy=policy.member(), body=schemas.Metadata, reply=schemas.Metadata, versions=METADATA_UNTIL,
            errors=(413,))  # fmt: skip
def replace_metadata(request: Request, image_id: str, body: schemas.Metadata) -> dict[str, Any]:
    return {"metadata": _change(request, image_id, body.metadata)}


@routes.get(f"{META}/{{key}}", policy=policy.reader(), reply=schemas.Meta, versions=METADATA_UNTIL)
def show_key(request: Request, image_id: str, key: str) -> dict[str, Any]:
    return {"meta": {key: _value(schemas.properties(_show(request, image_id)), key)}}


@routes.put(f"{META}/{{key}}", policy=policy.member(), body=schemas.Meta, reply=schemas.Meta, versions=METADATA_UNTIL,
            errors=(413,))  # fmt: skip
def set_key(request: Request, image_id: str, key: str, body: schemas.Meta) -> dict[str, Any]:
    now = schemas.properties(_show(request, image_id))
    if key not in body.meta:
        raise BadRequest("Request body and URI mismatch")
    return {"meta": {key: _change(request, image_id, {**now, **body.meta})[key]}}


@routes.delete(f"{META}/{{key}}", policy=policy.member(), versions=METADATA_UNTIL)
def delete_key(request: Request, image_id: str, key: str) -> Reply:
    now = schemas.properties(_show(request, image_id))
    _value(now, key)
    _change(request, image_id, {name: value for name, value in now.items() if name != key})
    return Reply()


def _value(properties: dict[str, str], key: str) -> str:
    if key not in properties:
        raise NotFound("Metadata item was not found")
    return properties[key]
