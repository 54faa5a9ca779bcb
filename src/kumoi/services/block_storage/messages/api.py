"""Routes of messages."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.messages import logic, schemas

routes = Routes()
PATH = "/messages/{message_id}"
SINCE = since("3.3")


@routes.get("/messages", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody, versions=SINCE)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    listing.refuse_unknown(request, schemas.ListQuery)
    rows = logic.page(request.tx, request.who, query)
    return schemas.ListBody(
        messages=[schemas.message(row, listing.self_links(request, f"/messages/{row['id']}")) for row in rows],
        messages_links=listing.next_links(request, query, rows),
    )


@routes.get(PATH, policy=policy.reader(), reply=schemas.Body, versions=SINCE)
def show(request: Request, message_id: str) -> schemas.Body:
    row = logic.rows.visible(request.tx, request.who, message_id)
    return schemas.Body(schemas.message(row, listing.self_links(request, f"/messages/{row['id']}")))


@routes.delete(PATH, policy=policy.member(), versions=SINCE)
def delete(request: Request, message_id: str) -> Reply:
    row = logic.rows.own(request.tx, request.who, message_id, "message:delete")
    logic.rows.remove(request.tx, row)
    return Reply()
