"""Routes of attachments."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.attachments import logic, schemas
from kumoi.services.block_storage.volumes.logic.changes import own

routes = Routes()
PATH = "/attachments/{attachment_id}"
SINCE = since("3.27")


@routes.get("/attachments", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody, versions=SINCE)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    listing.refuse_unknown(request, schemas.ListQuery)
    rows = logic.page(request.tx, request.who, query)
    links = listing.next_links(request, query, rows)
    return schemas.ListBody(attachments=[schemas.item(row) for row in rows], attachments_links=links)


@routes.get(
    "/attachments/detail", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.DetailBody, versions=SINCE
)
def detail(request: Request, query: schemas.ListQuery) -> schemas.DetailBody:
    listing.refuse_unknown(request, schemas.ListQuery)
    rows = logic.page(request.tx, request.who, query)
    links = listing.next_links(request, query, rows)
    return schemas.DetailBody(attachments=[schemas.attachment(row) for row in rows], attachments_links=links)


@routes.post(
    "/attachments", policy=policy.member(), body=schemas.CreateBody, reply=schemas.Body, status=200, versions=SINCE
)
def create(request: Request, body: schemas.CreateBody) -> schemas.Body:
    asked = body.attachment
    volume = own(request.tx, request.who, asked.volume_uuid)
    row = logic.create(request.tx, volume, asked.instance_uuid, asked.connector, asked.mode)
    return schemas.Body(schemas.attachment(row))


@routes.get(PATH, policy=policy.reader(), reply=schemas.Body, versions=SINCE)
def show(request: Request, attachment_id: str) -> schemas.Body:
    return schemas.Body(schemas.attachment(logic.visible(request.tx, request.who, attachment_id)))


@routes.put(PATH, policy=policy.member(), body=schemas.UpdateBody, reply=schemas.Body, versions=SINCE, errors=(409,))
def update(request: Request, attachment_id: str, body: schemas.UpdateBody) -> schemas.Body:
    row = logic.own(request.tx, request.who, attachment_id)
    return schemas.Body(schemas.attachment(logic.connect(request.tx, row, body.attachment.connector)))


@routes.action(
    f"{PATH}/action", "os-complete", policy=policy.member(), status=204, versions=since("3.44"), errors=(409,)
)
def complete(request: Request, attachment_id: str) -> Reply:
    logic.complete(request.tx, logic.own(request.tx, request.who, attachment_id))
    return Reply()


@routes.delete(PATH, policy=policy.member(), status=200, reply=schemas.ListBody, versions=SINCE, errors=(409,))
def delete(request: Request, attachment_id: str) -> schemas.ListBody:
    logic.delete(request.tx, logic.own(request.tx, request.who, attachment_id))
    return schemas.ListBody(attachments=[])
