"""Routes of the inventories of a provider."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.placement.freshness import fresh
from kumoi.services.placement.inventories import logic, schemas

routes = Routes()
PATH = "/resource_providers/{provider_id}/inventories"


@routes.get(PATH, policy=policy.admin(), query=Nothing, reply=schemas.Shown)
def index(request: Request, provider_id: str) -> Reply:
    row, inventories = logic.of_provider(request.tx, provider_id)
    return fresh(request, schemas.of_provider(row, inventories), row["updated_at"])


@routes.put(PATH, policy=policy.admin(), body=schemas.Replace, errors=(409,), reply=schemas.Shown)
def replace(request: Request, provider_id: str, body: schemas.Replace) -> Reply:
    row, inventories = logic.replace(
        request.tx, provider_id, body.resource_provider_generation,
        {name: inventory.values() for name, inventory in body.inventories.items()},
        all_reserved=request.behaves("everything may be reserved"),
    )  # fmt: skip
    return fresh(request, schemas.of_provider(row, inventories))


@routes.post(PATH, policy=policy.admin(), body=schemas.Add, errors=(409,), reply=schemas.ShownOne)
def create(request: Request, provider_id: str, body: schemas.Add) -> Reply:
    row, inventories = logic.add(
        request.tx, provider_id, body.resource_class, body.values(), body.resource_provider_generation,
        all_reserved=request.behaves("everything may be reserved"),
    )  # fmt: skip
    made = inventories[body.resource_class]
    reply = fresh(request, schemas.one(row, made))
    path = f"/resource_providers/{provider_id}/inventories/{body.resource_class}"
    return Reply(reply.body, headers={**reply.headers, "Location": request.link(path)})


@routes.delete(PATH, policy=policy.admin(), versions=since("1.5"), errors=(409,))
def clear(request: Request, provider_id: str) -> Reply:
    logic.remove(request.tx, provider_id)
    return Reply()


@routes.get(f"{PATH}/{{resource_class}}", policy=policy.admin(), reply=schemas.ShownOne)
def show(request: Request, provider_id: str, resource_class: str) -> Reply:
    row, inventory = logic.existing(request.tx, provider_id, resource_class)
    return fresh(request, schemas.one(row, inventory), inventory["updated_at"])


@routes.put(
    f"{PATH}/{{resource_class}}", policy=policy.admin(), body=schemas.Change, errors=(409,), reply=schemas.ShownOne
)
def update(request: Request, provider_id: str, resource_class: str, body: schemas.Change) -> Reply:
    row, inventories = logic.change(
        request.tx, provider_id, resource_class, body.values(), body.resource_provider_generation,
        all_reserved=request.behaves("everything may be reserved"),
    )  # fmt: skip
    return fresh(request, schemas.one(row, inventories[resource_class]))


@routes.delete(f"{PATH}/{{resource_class}}", policy=policy.admin(), errors=(409,))
def delete(request: Request, provider_id: str, resource_class: str) -> Reply:
    logic.remove(request.tx, provider_id, resource_class)
    return Reply()
