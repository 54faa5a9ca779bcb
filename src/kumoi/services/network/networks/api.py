"""Routes of networks."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.services.network import resource_routes
from kumoi.services.network.network_rows.models import NetworkDetails
from kumoi.services.network.networks import logic, schemas


def _shown(request: Request, row: NetworkDetails) -> dict[str, Any]:
    return schemas.network(row, with_provider=request.who.sees(None))


routes = resource_routes.all_routes("network", logic, schemas, schemas.Network, _shown, quota=("network",))
