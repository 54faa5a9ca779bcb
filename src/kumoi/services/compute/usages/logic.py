"""Adds up the usage of projects."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from kumoi.kernel.clock import SECOND, parse_iso
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, PolicyForbids
from kumoi.kernel.pagination import LARGEST_PAGE, MarkerNotFound
from kumoi.kernel.who import Who
from kumoi.services.compute.usages import store
from kumoi.services.compute.usages.store import Existed

USUAL_PERIOD = timedelta(weeks=4)
HOUR = 3600 * SECOND
EARLIEST = parse_iso("0001-01-01")
"""The first time that can be written."""


@dataclass(frozen=True)
class Period:
    """Instants."""

    begin: int
    end: int

    def within(self, row: Existed) -> int:
        """Microseconds of the period in which the server existed."""
        ended = self.end if row["terminated_at"] is None else min(row["terminated_at"], self.end)
        return max(0, ended - max(row["launched_at"], self.begin))


@dataclass(frozen=True)
class Usage:
    project_id: str
    period: Period
    servers: list[Existed]

    def total(self, amount: Callable[[Existed], int]) -> float:
        """The sum of amount x hours."""
        return sum(amount(row) * self.hours(row) for row in self.servers)

    def hours(self, row: Existed) -> float:
        return self.period.within(row) / HOUR


@dataclass(frozen=True)
class Page:
    """Of servers, in the usages of their projects."""

    usages: list[Usage]
    last: str | None
    """The last server, if another page may follow."""


def period(now: int, start: str | None, end: str | None) -> Period:
    """The last four weeks, if nothing else is asked for."""
    until = now if not end else _instant(end, "end")
    usual = max(until - int(USUAL_PERIOD.total_seconds()) * SECOND, EARLIEST)
    since = usual if not start else _instant(start, "start")
    if since > until:
        raise BadRequest("Invalid start time. The start time cannot occur after the end time.")
    return Period(since, until)


def of_all(tx: Transaction, asked: Period, *, limit: int | None, marker: str | None, paged: bool) -> Page:
    return _page(tx, asked, None, limit, marker, paged)


def of_project(
    tx: Transaction, who: Who, project_id: str, asked: Period, *, limit: int | None, marker: str | None, paged: bool
) -> Page:
    if not who.sees(project_id):
        raise PolicyForbids("os_compute_api:os-simple-tenant-usage:show")
    return _page(tx, asked, project_id, limit, marker, paged)


def _page(
    tx: Transaction, asked: Period, project_id: str | None, limit: int | None, marker: str | None, paged: bool
) -> Page:
    """`paged` False: versions whose lists have no pages."""
    most = min(LARGEST_PAGE if limit is None else limit, LARGEST_PAGE) if paged else None
    after = None
    if marker is not None:
        of = store.project_of(tx, marker)
        if of is None or project_id not in (None, of):
            raise MarkerNotFound(f"marker [{marker[:255]}] not found")
        after = (of, marker)
    rows = store.existed(tx, asked.begin, asked.end, project_id=project_id, after=after, limit=most)
    by_project: dict[str, list[Existed]] = {}
    for row in rows:
        by_project.setdefault(row["project_id"], []).append(row)
    more = most is not None and 0 < len(rows) >= most
    return Page([Usage(name, asked, some) for name, some in by_project.items()], rows[-1]["id"] if more else None)


def _instant(text: str, field: str) -> int:
    try:
        return parse_iso(text.strip())
    except ValueError:
        raise BadRequest(f"Invalid input for query parameters {field}. Value: {text[:80]}. It is no time.") from None
