"""Routes of usage audits: docs.openstack.org/api-ref/compute/#server-usage-audit-log-os-instance-usage-audit-log."""

from datetime import UTC, datetime
from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.clock import SECOND
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.services.compute.usage_audits import logic
from kumoi.services.compute.usage_audits.schemas import Audit

routes = Routes()
PATH = "/os-instance_usage_audit_log"


@routes.get(PATH, policy=policy.admin(), query=Nothing, reply=under("instance_usage_audit_logs", Audit))
def index(request: Request) -> dict[str, Any]:
    return {"instance_usage_audit_logs": logic.audit(request.tx, datetime.fromtimestamp(request.tx.now // SECOND, UTC))}


@routes.get(f"{PATH}/{{before}}", policy=policy.admin(), reply=under("instance_usage_audit_log", Audit))
def show(request: Request, before: str) -> dict[str, Any]:
    """Of the last period that ended before a time."""
    try:
        moment = datetime.fromisoformat(before)
    except ValueError:
        raise BadRequest(f"Invalid timestamp for date {before[:80]}") from None
    return {"instance_usage_audit_log": logic.audit(request.tx, moment)}
