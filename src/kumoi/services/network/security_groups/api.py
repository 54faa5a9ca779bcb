"""Routes of security groups."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.services.network import resource_routes
from kumoi.services.network.security_groups import live, logic, schemas
from kumoi.services.network.security_groups.models import SecurityGroupDetails


def _shown(request: Request, row: SecurityGroupDetails) -> dict[str, Any]:
    return schemas.security_group(row)


routes = resource_routes.all_routes(
    "security_group",
    logic,
    schemas,
    schemas.SecurityGroup,
    _shown,
    path="/security-groups",
    before_list=live.ensure_default,
    quota=("security_group", "security_group_rule"),
)
