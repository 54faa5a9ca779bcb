"""Routes of volume attachments."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since, until
from kumoi.services.compute.block_devices.models import BlockDeviceRow
from kumoi.services.compute.volume_attachments import logic, schemas

routes = Routes()

ALL = "/servers/{server_id}/os-volume_attachments"
ONE = "/servers/{server_id}/os-volume_attachments/{volume_id}"


@routes.get(ALL, policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, server_id: str, query: schemas.ListQuery) -> schemas.ListBody:
    rows = logic.list_of(request.tx, request.who, server_id, query.offset, query.limit)
    return schemas.ListBody([schemas.shown(row) for row in rows])


@routes.get(ONE, policy=policy.reader(), reply=schemas.ShowBody)
def show(request: Request, server_id: str, volume_id: str) -> schemas.ShowBody:
    return schemas.ShowBody(schemas.shown(logic.show(request.tx, request.who, server_id, volume_id)))


@routes.post(
    ALL, policy=policy.member(), body=schemas.CreateBody, reply=schemas.CreatedBody, status=200, errors=(409,),
    versions=until("2.100"),
)  # fmt: skip
def create_until_2_100(request: Request, server_id: str, body: schemas.CreateBody) -> schemas.CreatedBody:
    return schemas.created(_attach(request, server_id, body))


@routes.post(ALL, policy=policy.member(), body=schemas.CreateBody, status=202, errors=(409,), versions=since("2.101"))
def create(request: Request, server_id: str, body: schemas.CreateBody) -> Reply:
    _attach(request, server_id, body)
    return Reply()


def _attach(request: Request, server_id: str, body: schemas.CreateBody) -> BlockDeviceRow:
    asked = body.volumeAttachment
    return logic.attach(
        request.tx, request.who, server_id, asked.volumeId, request.origin(), tag=asked.tag,
        delete_on_termination=asked.delete_on_termination,
    )  # fmt: skip


@routes.put(ONE, policy=policy.member(), body=schemas.ChangeBody, status=202, errors=(409, 501))
def update(request: Request, server_id: str, volume_id: str, body: schemas.ChangeBody) -> Reply:
    asked = body.volumeAttachment
    logic.change(
        request.tx, request.who, server_id, volume_id, asked.volumeId, asked.fixed(), asked.delete_on_termination
    )
    return Reply()


@routes.delete(ONE, policy=policy.member(), status=202, errors=(409,))
def delete(request: Request, server_id: str, volume_id: str) -> Reply:
    logic.detach(request.tx, request.who, server_id, volume_id, request.origin())
    return Reply()
