"""Routes of QoS specs."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.qos_specs import logic, schemas
from kumoi.services.block_storage.qos_specs.models import QosSpecsRow

routes = Routes()
PATH = "/qos-specs/{qos_specs_id}"


def _body(request: Request, row: QosSpecsRow) -> schemas.Body:
    return schemas.Body(schemas.qos_specs(row), listing.self_links(request, f"/qos-specs/{row['id']}"))


@routes.get("/qos-specs", policy=policy.admin(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    rows = logic.page(request.tx, query)
    return schemas.ListBody(
        qos_specs=[schemas.qos_specs(row) for row in rows], qos_specs_links=listing.next_links(request, query, rows)
    )


@routes.post(
    "/qos-specs", policy=policy.admin(), body=schemas.SpecsBody, reply=schemas.Body, status=200, errors=(409,)
)  # fmt: skip
def create(request: Request, body: schemas.SpecsBody) -> schemas.Body:
    return _body(request, logic.create(request.tx, body.qos_specs))


@routes.get(PATH, policy=policy.admin(), reply=schemas.Body)
def show(request: Request, qos_specs_id: str) -> schemas.Body:
    return _body(request, logic.found(request.tx, qos_specs_id))


@routes.put(PATH, policy=policy.admin(), body=schemas.SpecsBody, reply=schemas.SpecsBody)
def update(request: Request, qos_specs_id: str, body: schemas.SpecsBody) -> schemas.SpecsBody:
    logic.set_keys(request.tx, logic.found(request.tx, qos_specs_id), body.qos_specs)
    return body


@routes.put(f"{PATH}/delete_keys", policy=policy.admin(), body=schemas.Keys, status=202)
def delete_keys(request: Request, qos_specs_id: str, body: schemas.Keys) -> Reply:
    logic.unset_keys(request.tx, logic.found(request.tx, qos_specs_id), body.keys)
    return Reply()


@routes.delete(PATH, policy=policy.admin(), query=schemas.DeleteQuery, status=202)
def delete(request: Request, qos_specs_id: str, query: schemas.DeleteQuery) -> Reply:
    force = listing.truth(query.force, "force", False)
    logic.delete(request.tx, logic.found(request.tx, qos_specs_id), force=force)
    return Reply()


@routes.get(f"{PATH}/associations", policy=policy.admin(), query=Nothing, reply=schemas.AssociationsBody)
def associations(request: Request, qos_specs_id: str) -> schemas.AssociationsBody:
    rows = logic.associations(request.tx, logic.found(request.tx, qos_specs_id))
    return schemas.AssociationsBody([schemas.association(row) for row in rows])


@routes.get(f"{PATH}/associate", policy=policy.admin(), mode="write", query=schemas.TypeQuery, status=202)
def associate(request: Request, qos_specs_id: str, query: schemas.TypeQuery) -> Reply:
    logic.associate(request.tx, logic.found(request.tx, qos_specs_id), query.vol_type_id)
    return Reply()


@routes.get(f"{PATH}/disassociate", policy=policy.admin(), mode="write", query=schemas.TypeQuery, status=202)
def disassociate(request: Request, qos_specs_id: str, query: schemas.TypeQuery) -> Reply:
    logic.disassociate(request.tx, logic.found(request.tx, qos_specs_id), query.vol_type_id)
    return Reply()


@routes.get(f"{PATH}/disassociate_all", policy=policy.admin(), mode="write", query=Nothing, status=202)
def disassociate_all(request: Request, qos_specs_id: str) -> Reply:
    logic.disassociate_all(request.tx, logic.found(request.tx, qos_specs_id))
    return Reply()
