"""Routes of transfers, below their old address and that of 3.55."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.listing import Link
from kumoi.services.block_storage.transfers import logic, schemas
from kumoi.services.block_storage.volumes.logic.changes import own as own_volume

routes = Routes()
OLD, NEW = "/os-volume-transfer", "/volume-transfers"
TAKES = ("volumes", "gigabytes", "snapshots")


def _declare(path: str) -> None:
    old = path == OLD
    versions = None if old else since("3.55")
    single = f"{path}/{{transfer_id}}"

    def links(request: Request, transfer_id: str) -> list[Link]:
        return listing.self_links(request, f"{path}/{transfer_id}")

    @routes.get(path, policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody, versions=versions)
    def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
        rows = logic.page(request.tx, request.who, query)
        return schemas.ListBody(
            transfers=[schemas.item(row, links(request, row["id"])) for row in rows],
            transfers_links=listing.next_links(request, query, rows),
        )

    @routes.get(
        f"{path}/detail", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.DetailBody, versions=versions
    )
    def detail(request: Request, query: schemas.ListQuery) -> schemas.DetailBody:
        rows = logic.page(request.tx, request.who, query)
        return schemas.DetailBody(
            transfers=[schemas.transfer(row, links(request, row["id"]), old=old) for row in rows],
            transfers_links=listing.next_links(request, query, rows),
        )

    @routes.post(
        path, policy=policy.member(), body=schemas.OldCreateBody if old else schemas.CreateBody, status=202,
        reply=schemas.NewBody, versions=versions, errors=(409,),
    )  # fmt: skip
    def create(request: Request, body: schemas.CreateBody) -> schemas.NewBody:
        asked = body.transfer
        kept = None if old or asked.no_snapshots is None else str(asked.no_snapshots)
        volume = own_volume(request.tx, request.who, asked.volume_id)
        stay = listing.truth(kept, "no_snapshots", False)
        row, key = logic.create(request.tx, request.who, volume, asked.name, no_snapshots=stay)
        return schemas.NewBody(schemas.new(row, links(request, row["id"]), key, old=old))

    @routes.get(single, policy=policy.reader(), reply=schemas.Body, versions=versions)
    def show(request: Request, transfer_id: str) -> schemas.Body:
        row = logic.visible(request.tx, request.who, transfer_id)
        return schemas.Body(schemas.transfer(row, links(request, transfer_id), old=old))

    @routes.delete(single, policy=policy.member(), status=202, versions=versions)
    def delete(request: Request, transfer_id: str) -> Reply:
        logic.delete(request.tx, logic.own(request.tx, request.who, transfer_id))
        return Reply()

    @routes.post(
        f"{single}/accept", policy=policy.member(), body=schemas.AcceptBody, reply=schemas.AcceptedBody, status=202,
        quota=TAKES, versions=versions, errors=(409,),
    )  # fmt: skip
    def accept(request: Request, transfer_id: str, body: schemas.AcceptBody) -> schemas.AcceptedBody:
        row = logic.accept(request.tx, request.who, transfer_id, body.accept.auth_key)
        return schemas.AcceptedBody(schemas.item(row, links(request, transfer_id)))


_declare(OLD)
_declare(NEW)
