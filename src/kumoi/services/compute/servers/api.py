"""Routes of servers. Sub-resources of servers have folders of their own."""

from kumoi.kernel import clock, policy
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import until
from kumoi.services.compute.servers.logic import changes, creation, listing, showing
from kumoi.services.compute.servers.models import ServerRow
from kumoi.services.compute.servers.schemas import create as creating
from kumoi.services.compute.servers.schemas import listing as asked_lists
from kumoi.services.compute.servers.schemas import shown, values

routes = Routes()

OLDER = "/os-volumes_boot"
"""Another path of `/servers`, which clients used for a server with block devices."""
TAKES = ("instances", "cores", "ram", "port")


def viewer(request: Request, kind: type[shown.Server] = shown.Server) -> shown.Viewer:
    """Which fields this caller may see."""
    return shown.Viewer(
        root=f"{request.base_url}{request.service.root}",
        prefix=f"{request.base_url}{request.service.prefix}",
        admin=request.who.sees(None),
        secrets=request.who.is_admin,
        project_id=request.who.project_id,
        embedded=request.behaves("servers embed their flavor"),
        hostname=request.behaves("everybody sees the hostname"),
        kind=kind,
    )


@routes.post(
    OLDER, versions=until("2.102"), policy=policy.member(), body=creating.CreateBody, reply=creating.Answered, status=202,
    quota=TAKES, errors=(409,),
)  # fmt: skip
@routes.post(
    "/servers", policy=policy.member(), body=creating.CreateBody, reply=creating.Answered, status=202,
    quota=TAKES, errors=(409,),
)  # fmt: skip
def create(request: Request, body: creating.CreateBody) -> Reply:
    asked = body.server
    if isinstance(asked.hostname, str) and "." in asked.hostname and not request.behaves("hostnames may have dots"):
        raise BadRequest(f"Invalid input for field/attribute hostname. Value: {asked.hostname}. It has a dot.")
    made = creation.create(
        request.tx, request.who, asked, {**(body.scheduler_hints or {}), **(body.scheduler_hints_by_extension or {})},
        request.origin(), networks_required=request.behaves("servers name their networks"),
    )  # fmt: skip
    if values.flag(asked.return_reservation_id, "return_reservation_id"):
        return Reply(creating.Reservation(made.reservation_id))
    view = viewer(request)
    server = creating.Created(
        id=made.ids[0], links=shown.links(view, made.ids[0]), disk_config=made.disk_config,
        security_groups=[creating.SecurityGroupName(name) for name in made.security_groups], adminPass=made.admin_pass,
    )  # fmt: skip
    return Reply(creating.CreatedBody(server), headers={"Location": request.link(f"/servers/{made.ids[0]}")})


def _page(request: Request, query: asked_lists.ListQuery) -> tuple[list[ServerRow], list[creating.Link]]:
    rows, cut = listing.list_for(request.tx, request.who, query, clock.parse_iso, request.behaves)
    if not cut:
        return rows, []
    return rows, [creating.Link("next", request.link_after(rows[-1]["id"]))]


@routes.get(OLDER, versions=until("2.102"), policy=policy.reader(), query=asked_lists.ListQuery, reply=shown.ListBody)
@routes.get("/servers", policy=policy.reader(), query=asked_lists.ListQuery, reply=shown.ListBody)
def index(request: Request, query: asked_lists.ListQuery) -> shown.ListBody:
    rows, following = _page(request, query)
    view = viewer(request)
    body = shown.ListBody([shown.item(row, view) for row in rows])
    if following:
        body.servers_links = following
    return body


@routes.get(
    f"{OLDER}/detail",
    versions=until("2.102"),
    policy=policy.reader(),
    query=asked_lists.ListQuery,
    reply=shown.DetailBody,
)
@routes.get("/servers/detail", policy=policy.reader(), query=asked_lists.ListQuery, reply=shown.DetailBody)
def detail(request: Request, query: asked_lists.ListQuery) -> shown.DetailBody:
    rows, following = _page(request, query)
    view = viewer(request)
    related = showing.related(request.tx, rows, admin=view.admin)
    body = shown.DetailBody([shown.server(row, related, view) for row in rows])
    if following:
        body.servers_links = following
    return body


@routes.get("/servers/{server_id}", policy=policy.reader(), reply=shown.ShowBody)
def show(request: Request, server_id: str) -> shown.ShowBody:
    row = changes.visible(request.tx, request.who, server_id)
    view = viewer(request)
    related = showing.related(request.tx, [row], admin=view.admin, alone=True)
    return shown.ShowBody(shown.server(row, related, view, alone=True))


@routes.put(
    "/servers/{server_id}", policy=policy.member(), body=creating.UpdateBody, reply=shown.ChangedBody, errors=(409,)
)
def update(request: Request, server_id: str, body: creating.UpdateBody) -> shown.ChangedBody:
    asked = body.server
    if isinstance(asked.hostname, str) and "." in asked.hostname and not request.behaves("hostnames may have dots"):
        raise BadRequest(f"Invalid input for field/attribute hostname. Value: {asked.hostname}. It has a dot.")
    row = changes.update(request.tx, request.who, server_id, asked)
    view = viewer(request, shown.Changed)
    related = showing.related(request.tx, [row], admin=view.admin, alone=True)
    server = shown.server(row, related, view, alone=True)
    assert isinstance(server, shown.Changed)
    return shown.ChangedBody(server)


@routes.delete("/servers/{server_id}", policy=policy.member(), errors=(409,))
def delete(request: Request, server_id: str) -> Reply:
    changes.delete(request.tx, request.who, server_id, request.origin())
    return Reply()
