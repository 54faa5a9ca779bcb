"""Routes of ports."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.services.network import resource_routes
from kumoi.services.network.port_rows.models import PortDetails
from kumoi.services.network.ports import logic, schemas


def _shown(request: Request, row: PortDetails) -> dict[str, Any]:
    return schemas.port(row, with_binding=request.who.sees(None))


routes = resource_routes.all_routes("port", logic, schemas, schemas.Port, _shown, quota=("port",))
