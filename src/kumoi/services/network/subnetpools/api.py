"""Routes of subnet pools."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.services.network import resource_routes
from kumoi.services.network.subnetpools import logic, schemas
from kumoi.services.network.subnetpools.models import SubnetpoolDetails


def _shown(request: Request, row: SubnetpoolDetails) -> dict[str, Any]:
    return schemas.subnetpool(row)


routes = resource_routes.all_routes("subnetpool", logic, schemas, schemas.Subnetpool, _shown, quota=("subnetpool",))
