"""Routes of the metadata of volumes and snapshots."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.block_storage.metadata import logic, schemas
from kumoi.services.block_storage.metadata.logic import SNAPSHOT, VOLUME, Kind

routes = Routes()


def _tagged(request: Request, kind: Kind, metadata: dict[str, str]) -> Reply:
    headers = {}
    if kind is VOLUME and request.behaves("metadata carries an ETag"):
        headers["ETag"] = logic.tag(metadata)
    return Reply(schemas.MetadataBody(metadata), headers=headers)


def _change(request: Request, kind: Kind, owner_id: str, body: schemas.MetadataBody, *, replace: bool) -> Reply:
    only_if = None
    if kind is VOLUME and request.behaves("metadata carries an ETag"):
        only_if = request.headers.get("if-match")
    after = logic.change(
        request.tx, request.who, kind, owner_id, body.metadata, replace=replace, only_if=only_if
    )  # fmt: skip
    return _tagged(request, kind, after)


def _owner(of: dict[str, str]) -> str:
    """The one id in the address: `volume_id` or `snapshot_id`."""
    (owner_id,) = of.values()
    return owner_id


def _declare(path: str, kind: Kind) -> None:
    """The six routes of one kind's metadata."""

    @routes.get(f"{path}/metadata", policy=policy.reader(), query=Nothing, reply=schemas.MetadataBody)
    def index(request: Request, **of: str) -> Reply:
        return _tagged(request, kind, logic.show(request.tx, request.who, kind, _owner(of)))

    @routes.post(
        f"{path}/metadata", policy=policy.member(), body=schemas.MetadataBody, reply=schemas.MetadataBody, status=200,
        errors=(412,),
    )  # fmt: skip
    def create(request: Request, body: schemas.MetadataBody, **of: str) -> Reply:
        return _change(request, kind, _owner(of), body, replace=False)

    @routes.put(
        f"{path}/metadata", policy=policy.member(), body=schemas.MetadataBody, reply=schemas.MetadataBody, errors=(412,)
    )
    def update_all(request: Request, body: schemas.MetadataBody, **of: str) -> Reply:
        return _change(request, kind, _owner(of), body, replace=True)

    @routes.get(f"{path}/metadata/{{key}}", policy=policy.reader(), reply=schemas.MetaBody)
    def show(request: Request, key: str, **of: str) -> schemas.MetaBody:
        return schemas.MetaBody({key: logic.item(request.tx, request.who, kind, _owner(of), key)})

    @routes.put(f"{path}/metadata/{{key}}", policy=policy.member(), body=schemas.MetaBody, reply=schemas.MetaBody)
    def update(request: Request, key: str, body: schemas.MetaBody, **of: str) -> schemas.MetaBody:
        logic.put_item(request.tx, request.who, kind, _owner(of), key, body.meta)
        return body

    @routes.delete(f"{path}/metadata/{{key}}", policy=policy.member(), status=200)
    def delete(request: Request, key: str, **of: str) -> Reply:
        logic.delete_item(request.tx, request.who, kind, _owner(of), key)
        return Reply()


_declare("/volumes/{volume_id}", VOLUME)
_declare("/snapshots/{snapshot_id}", SNAPSHOT)
