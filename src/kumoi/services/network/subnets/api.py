"""Routes of subnets."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.services.network import resource_routes
from kumoi.services.network.subnet_rows.models import SubnetDetails
from kumoi.services.network.subnets import logic, schemas


def _shown(request: Request, row: SubnetDetails) -> dict[str, Any]:
    return schemas.subnet(row)


routes = resource_routes.all_routes("subnet", logic, schemas, schemas.Subnet, _shown, quota=("subnet",))
