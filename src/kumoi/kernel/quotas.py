"""Quotas, checked inside the transaction that adds a row, against counts that cannot differ from the rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes, counts
from kumoi.kernel.counts import Count
from kumoi.kernel.database import Table, Transaction, metadata
from kumoi.kernel.errors import OverQuota

UNLIMITED = -1
EVERYBODY = ""
"""Used instead of a project id: the limit of all projects without their own."""


class QuotaLimitRow(TypedDict):
    project_id: str
    service: str
    resource: str
    value: int


limits = Table[QuotaLimitRow](
    "kernel_quota_limits",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("service", sa.String(32), primary_key=True),
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
    info=changes.part(service="cloud", resource="quota", key="project_id"),
)


def nothing(tx: Transaction, project_id: str) -> int:
    """The usage of a quota that limits a single request, or something that Kumoi does not have."""
    return 0


@dataclass(frozen=True)
class Quota:
    """A quota of one resource. `usage` is a Count of the rows, or a function `(tx, project_id)` that counts them. The
    instance registers itself; it belongs in the resource's store."""

    service: str
    resource: str
    default: int
    usage: Callable[[Transaction, str], int]

    of_user: bool = False
    """`usage` counts the rows of a user, and the limit applies to each."""

    @property
    def is_counted(self) -> bool:
        return self.usage is not nothing

    def __post_init__(self) -> None:
        registry[self.service, self.resource] = self


registry: dict[tuple[str, str], Quota] = {}


def limit(tx: Transaction, service: str, resource: str, project_id: str) -> int:
    """The project's limit, or the default; -1 means unlimited."""
    return all_limits(tx, service, project_id, [resource])[resource]


def take(
    tx: Transaction, service: str, project_id: str, amounts: Mapping[str, int], *, holder: str | None = None
) -> None:
    """Check that the project may have `amounts` (resource → count) more; OverQuota names the first resource that exceeds
    its limit. `holder`: whose rows are counted, if not the project's.

    Call it before you insert the rows. The route must declare the resources.
    """
    for resource in amounts:
        if tx.declared_quota is not None and resource not in tx.declared_quota:
            raise RuntimeError(f"this route does not declare that it takes quota of {resource}")
    allowed = all_limits(tx, service, project_id, amounts)
    limited = [resource for resource, amount in amounts.items() if allowed[resource] != UNLIMITED and amount > 0]
    used = usages(tx, service, project_id if holder is None else holder, limited)
    for resource in limited:
        if used[resource] + amounts[resource] > allowed[resource]:
            raise OverQuota(resource, allowed[resource], used[resource], amounts[resource])


def set_limit(tx: Transaction, service: str, resource: str, project_id: str, value: int) -> None:
    tx.upsert(limits, {"project_id": project_id, "service": service, "resource": resource}, {"value": value})


def reset(tx: Transaction, service: str, project_id: str) -> None:
    """Back to the defaults."""
    tx.execute(limits.delete().where(limits.c.service == service, limits.c.project_id == project_id))


def all_limits(
    tx: Transaction, service: str, project_id: str, resources: Iterable[str] | None = None
) -> dict[str, int]:
    """resource → limit, for the given or all quotas of the service. For EVERYBODY: the defaults."""
    names = [resource for owner, resource in registry if owner == service] if resources is None else list(resources)
    set_: dict[str, dict[str, int]] = {project_id: {}, EVERYBODY: {}}
    for row in tx.rows(limits, service=service, project_id={project_id, EVERYBODY}):
        set_[row["project_id"]][row["resource"]] = int(row["value"])
    return {
        name: set_[project_id].get(name, set_[EVERYBODY].get(name, registry[service, name].default)) for name in names
    }


def show(tx: Transaction, service: str, project_id: str) -> dict[str, tuple[int, int]]:
    """resource → (limit, used), for every quota of the service."""
    limits_of = all_limits(tx, service, project_id)
    used = usages(tx, service, project_id, limits_of)
    return {resource: (most, used[resource]) for resource, most in limits_of.items()}


def usages(tx: Transaction, service: str, project_id: str, resources: Iterable[str]) -> dict[str, int]:
    """resource → the project's usage. All Counts are read with one statement."""
    usage = {resource: registry[service, resource].usage for resource in resources}
    names = [each.name for each in usage.values() if isinstance(each, Count)]
    kept = counts.of(tx, project_id, names) if names else {}
    return {
        resource: kept[each.name] if isinstance(each, Count) else each(tx, project_id)
        for resource, each in usage.items()
    }


def defaults(tx: Transaction) -> dict[tuple[str, str], int]:
    """(service, resource) → the limit of projects without their own."""
    own = {(row["service"], row["resource"]): int(row["value"]) for row in tx.rows(limits, project_id=EVERYBODY)}
    return {key: own.get(key, quota.default) for key, quota in registry.items()}


def every(tx: Transaction) -> dict[tuple[str, str, str], tuple[int | None, int]]:
    """(project, service, resource) → (own limit, used), where there is either. Usages that are no Count are left out."""
    found: dict[tuple[str, str, str], tuple[int | None, int]] = {}
    counted = {each.usage.name: key for key, each in registry.items() if isinstance(each.usage, Count)}
    for (name, holder), amount in counts.every(tx, counted).items():
        if amount:
            found[holder, *counted[name]] = (None, amount)
    for row in tx.all(sa.select(limits).where(limits.c.project_id != EVERYBODY), QuotaLimitRow):
        key = (row["project_id"], row["service"], row["resource"])
        if key[1:] in registry:
            found[key] = (int(row["value"]), found.get(key, (None, 0))[1])
    return found
