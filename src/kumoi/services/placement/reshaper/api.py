"""The route of the reshaper."""

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.placement.allocations.api import wanted
from kumoi.services.placement.allocations.schemas import Put
from kumoi.services.placement.inventories.schemas import Replace
from kumoi.services.placement.reshaper import logic

routes = Routes()


class Body(msgspec.Struct, forbid_unknown_fields=True):
    inventories: dict[str, Replace]
    allocations: dict[str, Put]


@routes.post("/reshaper", policy=policy.admin(), body=Body, status=204, versions=since("1.30"), errors=(409,))
def reshape(request: Request, body: Body) -> Reply:
    inventories = {
        provider_id: (
            each.resource_provider_generation,
            {name: inventory.values() for name, inventory in each.inventories.items()},
        )
        for provider_id, each in body.inventories.items()
    }
    logic.reshape(
        request.tx, inventories, {consumer_id: wanted(request, each) for consumer_id, each in body.allocations.items()}
    )
    return Reply()
