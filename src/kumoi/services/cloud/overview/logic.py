"""Gathers the overview of a caller: of the project; of all for admins and readers of the cloud."""

from kumoi.kernel import events, operations, quotas
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import OperationRow
from kumoi.kernel.who import Who
from kumoi.services.cloud.overview import store

MOST = 20
"""Failures, and events."""
LOOKED_AT = 5 * MOST
"""Failed operations, of which some are settled."""
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


def failures(tx: Transaction, who: Who) -> list[tuple[OperationRow, list[str]]]:
    """Operations with their subjects. One is no failure any more if its resource was deleted since, or if the same was done
    with it since."""
    rows = store.failed(tx, who.only_project, tx.now - LATELY, LOOKED_AT)
    subjects: dict[str, list[str]] = {row["id"]: [] for row in rows}
    for operation_id, subject in operations.subjects_of(tx, list(subjects)):
        subjects[operation_id].append(subject)
    done = store.done_with(tx, {_about(row, subjects[row["id"]]) for row in rows})
    found = []
    for row in rows:
        about = _about(row, subjects[row["id"]])
        deletion = f"{row['kind'].partition('.')[0]}.delete"
        later = max((at for kind, at in done.get(about, ()) if kind in (row["kind"], deletion)), default=0)
        if later <= row["created_at"]:
            found.append((row, subjects[row["id"]]))
    return found[:MOST]


def _about(row: OperationRow, subjects: list[str]) -> str:
    """The subject that the operation is named for; empty: none."""
    prefix = row["kind"].partition(".")[0] + "/"
    return next((subject for subject in subjects if subject.startswith(prefix)), "")


def latest(tx: Transaction, who: Who) -> list[events.EventRow]:
    return events.latest(tx, MOST, project_id=who.only_project)
