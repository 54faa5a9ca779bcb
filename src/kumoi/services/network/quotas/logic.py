"""Checks who may read and change which quotas."""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotFound, PolicyForbids
from kumoi.kernel.who import Who

SERVICE = "network"


RBAC_POLICY = quotas.Quota(SERVICE, "rbac_policy", 10, quotas.nothing)
"""Every Neutron has this quota, and clients set it with the others. There are no such policies here yet."""


class TenantQuotaNotFound(NotFound):
    kind = "TenantQuotaNotFound"

    def __init__(self, project_id: str) -> None:
        super().__init__(f"Quota for tenant {project_id} could not be found.")


def resources() -> list[str]:
    return sorted(resource for owner, resource in quotas.registry if owner == SERVICE)


def index(tx: Transaction) -> list[dict[str, Any]]:
    """Of every project that has limits of its own."""
    query = sa.select(quotas.limits.c.project_id).where(quotas.limits.c.service == SERVICE).distinct()
    found = tx.column(query.order_by(quotas.limits.c.project_id))
    return [{**show(tx, project_id), "project_id": project_id, "tenant_id": project_id} for project_id in found]


def show(tx: Transaction, project_id: str) -> dict[str, int]:
    rows = tx.rows(quotas.limits, service=SERVICE, project_id=project_id)
    own = {row["resource"]: int(row["value"]) for row in rows}
    return {name: own.get(name, quotas.registry[SERVICE, name].default) for name in resources()}


def defaults() -> dict[str, int]:
    return {name: quotas.registry[SERVICE, name].default for name in resources()}


def details(tx: Transaction, project_id: str) -> dict[str, dict[str, int]]:
    found = quotas.show(tx, SERVICE, project_id)
    return {name: {"limit": limit, "used": used, "reserved": 0} for name, (limit, used) in sorted(found.items())}


def update(tx: Transaction, project_id: str, asked: dict[str, Any]) -> dict[str, int]:
    unknown = sorted(set(asked) - set(resources()) - {"project_id", "tenant_id", "force", "check_limit"})
    if unknown:
        raise BadRequest(f"Unrecognized attribute(s) '{', '.join(unknown)[:200]}'")
    for name in resources():
        if name not in asked:
            continue
        value = _limit(name, asked[name])
        if asked.get("check_limit") and value != quotas.UNLIMITED:
            used = quotas.registry[SERVICE, name].usage(tx, project_id)
            if used > value:
                raise BadRequest(f"Quota limit {value} of {name} is below its usage {used}")
        quotas.set_limit(tx, SERVICE, name, project_id, value)
    return show(tx, project_id)


def reset(tx: Transaction, project_id: str) -> None:
    if not any(row["project_id"] == project_id for row in index(tx)):
        raise TenantQuotaNotFound(project_id)
    quotas.reset(tx, SERVICE, project_id)


def must_see(who: Who, project_id: str) -> None:
    if not who.sees(project_id):
        raise PolicyForbids("get_quota")


def _limit(name: str, value: Any) -> int:
    try:
        limit = int(value) if not isinstance(value, bool) else -2
    except (TypeError, ValueError):
        limit = -2
    if not -1 <= limit < 1 << 31:
        raise BadRequest(
            f"Invalid input for {name}. Reason: '{str(value)[:40]}' is not an integer from -1 to 2147483647."
        )
    return limit
