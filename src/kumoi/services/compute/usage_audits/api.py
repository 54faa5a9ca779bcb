"""Routes of usage audits: docs.openstack.org/api-ref/compute/#server-usage-audit-log-os-instance-usage-audit-log."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.services.compute.hosts import store as hosts_store

routes = Routes()
PATH = "/os-instance_usage_audit_log"
FORMAT = "%Y-%m-%d %H:%M:%S"


class OfHost(msgspec.Struct):
    """No host has one."""


class Audit(msgspec.Struct, kw_only=True):
    period_beginning: str
    period_ending: str
    num_hosts: int
    num_hosts_done: int = 0
    num_hosts_running: int = 0
    num_hosts_not_run: int
    hosts_not_run: list[str]
    total_instances: int = 0
    total_errors: int = 0
    overall_status: str
    log: dict[str, OfHost] = {}


@routes.get(PATH, policy=policy.admin(), query=Nothing, reply=under("instance_usage_audit_logs", Audit))
def index(request: Request) -> dict[str, Any]:
    return {"instance_usage_audit_logs": _audit(request.tx, datetime.fromtimestamp(request.tx.now // SECOND, UTC))}


@routes.get(f"{PATH}/{{before}}", policy=policy.admin(), reply=under("instance_usage_audit_log", Audit))
def show(request: Request, before: str) -> dict[str, Any]:
    """Of the last period that ended before a time."""
    try:
        moment = datetime.fromisoformat(before)
    except ValueError:
        raise BadRequest(f"Invalid timestamp for date {before[:80]}") from None
    return {"instance_usage_audit_log": _audit(request.tx, moment)}


def _audit(tx: Transaction, moment: datetime) -> Audit:
    """The periods are months."""
    ending = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    beginning = (ending - timedelta(days=1)).replace(day=1) if ending > datetime.min + timedelta(days=31) else ending
    hosts = [row["name"] for row in hosts_store.every(tx)]
    return Audit(
        period_beginning=beginning.strftime(FORMAT), period_ending=ending.strftime(FORMAT), num_hosts=len(hosts),
        num_hosts_not_run=len(hosts), hosts_not_run=hosts, overall_status=f"0 of {len(hosts)} hosts done. 0 errors.",
    )  # fmt: skip
