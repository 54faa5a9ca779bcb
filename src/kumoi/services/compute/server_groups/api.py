"""Routes of server groups."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import during, since, until
from kumoi.services.compute.server_groups import logic, schemas
from kumoi.services.compute.servers.schemas import values

routes = Routes()
PATH = "/os-server-groups"
QUOTA = ("server_groups",)


def _create(request: Request, name: str, kind: str, most: int | None = None) -> schemas.Body:
    row = logic.create(request.tx, request.who, name=values.name(name), policy=kind, max_server_per_host=most)
    return schemas.Body(schemas.server_group(row, []))


@routes.get(PATH, policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = logic.listing(
        request.tx, request.who, every=query.all_projects is not None, limit=query.limit, offset=query.offset
    )
    members = logic.members(request.tx, rows)
    return schemas.ListBody([schemas.server_group(row, members.get(row["id"], [])) for row in rows])


@routes.post(
    PATH, policy=policy.member(), body=schemas.FirstCreateBody, reply=schemas.Body, status=200, quota=QUOTA,
    versions=until("2.14"),
)  # fmt: skip
def create_until_2_14(request: Request, body: schemas.FirstCreateBody) -> schemas.Body:
    return _create(request, body.server_group.name, body.server_group.policies[0])


@routes.post(
    PATH, policy=policy.member(), body=schemas.OlderCreateBody, reply=schemas.Body, status=200, quota=QUOTA,
    versions=during("2.15", "2.63"),
)  # fmt: skip
def create_until_2_63(request: Request, body: schemas.OlderCreateBody) -> schemas.Body:
    return _create(request, body.server_group.name, body.server_group.policies[0])


@routes.post(
    PATH, policy=policy.member(), body=schemas.CreateBody, reply=schemas.Body, status=200, quota=QUOTA,
    versions=since("2.64"),
)  # fmt: skip
def create(request: Request, body: schemas.CreateBody) -> schemas.Body:
    asked = body.server_group
    most = asked.rules.max_server_per_host if isinstance(asked.rules, schemas.Rules) else None
    return _create(request, asked.name, asked.policy, int(most) if isinstance(most, int | str) else None)


@routes.get(f"{PATH}/{{server_group_id}}", policy=policy.reader(), reply=schemas.Body)
def show(request: Request, server_group_id: str) -> schemas.Body:
    row = logic.visible(request.tx, request.who, server_group_id)
    return schemas.Body(schemas.server_group(row, logic.members(request.tx, [row]).get(row["id"], [])))


@routes.delete(f"{PATH}/{{server_group_id}}", policy=policy.member())
def delete(request: Request, server_group_id: str) -> Reply:
    logic.delete(request.tx, request.who, server_group_id)
    return Reply()
