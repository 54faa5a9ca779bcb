"""Which events a caller may read: those of the project; all for admins and readers of the cloud."""

from dataclasses import replace

from kumoi.kernel import events
from kumoi.kernel.database import Transaction
from kumoi.kernel.events import EventRow, Wanted
from kumoi.kernel.who import Who


def after(tx: Transaction, who: Who, position: int, limit: int, wanted: Wanted) -> list[EventRow]:
    own = _own(who, wanted)
    return [] if own is None else events.after(tx, position, limit, own)


def before(tx: Transaction, who: Who, position: int, limit: int, wanted: Wanted) -> tuple[list[EventRow], int | None]:
    own = _own(who, wanted)
    return ([], None) if own is None else events.before(tx, position, limit, own)


def _own(who: Who, wanted: Wanted) -> Wanted | None:
    """What is wanted of what the caller may see; None: nothing."""
    if who.only_project is None:
        return wanted
    if wanted.project_id not in (None, who.only_project):
        return None
    return replace(wanted, project_id=who.only_project)
