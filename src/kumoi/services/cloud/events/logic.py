"""Which events a caller may read: those of the project; all for admins and readers of the cloud."""

from kumoi.kernel import events
from kumoi.kernel.database import Transaction
from kumoi.kernel.events import EventRow
from kumoi.kernel.who import Who


def after(tx: Transaction, who: Who, position: int, subject: str | None, limit: int) -> list[EventRow]:
    return events.after(tx, position, limit, project_id=who.only_project, subject=subject)
