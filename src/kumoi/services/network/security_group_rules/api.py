"""Routes of security group rules."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.services.network import resource_routes
from kumoi.services.network.security_group_rules import logic, schemas
from kumoi.services.network.security_groups import live
from kumoi.services.network.security_groups.schemas import Rule


def _shown(request: Request, row: Any) -> dict[str, Any]:
    return schemas.shown(row)


routes = resource_routes.reading_and_creating(
    "security_group_rule",
    logic,
    schemas,
    Rule,
    _shown,
    path="/security-group-rules",
    key="rule_id",
    quota=("security_group_rule",),
    before_list=live.ensure_default,
)


@routes.delete("/security-group-rules/{rule_id}", policy=policy.member())
def delete(request: Request, rule_id: str) -> None:
    logic.delete(request.tx, request.who, rule_id)
