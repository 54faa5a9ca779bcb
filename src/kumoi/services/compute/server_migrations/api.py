"""Routes of migrations."""

from typing import Any

from kumoi.kernel import clock, policy
from kumoi.kernel.http import Request
from kumoi.kernel.pagination import full
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import since
from kumoi.services.compute.server_migrations import logic, schemas

routes = Routes()
OF_SERVER = "/servers/{server_id}/migrations"
SINCE = since("2.23")


@routes.get("/os-migrations", policy=policy.admin(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = logic.listing(request.tx, query, clock.parse_iso)
    body = schemas.ListBody(migrations=[schemas.migration(row) for row in rows])
    if full(rows, query.limit):
        body.migrations_links = [schemas.Link("next", request.link_after(rows[-1]["uuid"]))]
    return body


@routes.get(OF_SERVER, policy=policy.admin(), query=Nothing, versions=SINCE,
            reply=under("migrations", list[schemas.Migration]))  # fmt: skip
def index_of_server(request: Request, server_id: str) -> dict[str, Any]:
    return {"migrations": [schemas.migration(row) for row in logic.in_progress(request.tx, request.who, server_id)]}


@routes.get(f"{OF_SERVER}/{{migration_id}}", policy=policy.admin(), versions=SINCE,
            reply=under("migration", schemas.Migration))  # fmt: skip
def show(request: Request, server_id: str, migration_id: str) -> dict[str, Any]:
    return {"migration": schemas.migration(logic.show(request.tx, request.who, server_id, migration_id))}
