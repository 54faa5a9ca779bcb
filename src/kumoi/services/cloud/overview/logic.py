"""Gathers the overview of a caller: of the project; of all for admins and readers of the cloud."""

from typing import Any

from kumoi.kernel import events, operations, quotas
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.cloud.overview import store

MOST = 20
"""Failures, and events."""
LATELY = 24 * 3600 * SECOND


def limits(tx: Transaction, who: Who) -> list[tuple[str, str, int, int]]:
    """(service, resource, limit, used) of everything that is counted."""
    if who.project_id is None:
        return []
    found = []
    counted = {key: quota for key, quota in quotas.registry.items() if quota.is_counted}
    for service in sorted({service for service, _ in counted}):
        names = sorted(resource for owner, resource in counted if owner == service)
        most = quotas.all_limits(tx, service, who.project_id, names)
        of_project = [name for name in names if not counted[service, name].of_user]
        used = quotas.usages(tx, service, who.project_id, of_project)
        used |= {name: counted[service, name].usage(tx, who.user_id) for name in names if name not in of_project}
        found += [(service, name, most[name], used[name]) for name in names]
    return found


def failures(tx: Transaction, who: Who) -> list[tuple[dict[str, Any], list[str]]]:
    """Operations with their subjects."""
    rows = store.failed(tx, who.only_project, tx.now - LATELY, MOST)
    subjects: dict[str, list[str]] = {row["id"]: [] for row in rows}
    for operation_id, subject in operations.subjects_of(tx, list(subjects)):
        subjects[operation_id].append(subject)
    return [(row, subjects[row["id"]]) for row in rows]


def latest(tx: Transaction, who: Who) -> list[events.EventRow]:
    return events.latest(tx, MOST, project_id=who.only_project)
