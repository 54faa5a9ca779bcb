"""Routes of floating IPs."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.services.network import resource_routes
from kumoi.services.network.floating_ips import logic, schemas
from kumoi.services.network.floating_ips.models import FloatingIpDetails


def _shown(request: Request, row: FloatingIpDetails) -> dict[str, Any]:
    return schemas.floating_ip(row)


routes = resource_routes.all_routes(
    "floatingip", logic, schemas, schemas.FloatingIp, _shown, key="floating_ip_id", quota=("floatingip",)
)
