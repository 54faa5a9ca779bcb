"""Shapes of events: ours alone."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.events import EventRow
from kumoi.kernel.queries import TimeText

PAGE = 100
Position = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class ListQuery(msgspec.Struct, kw_only=True):
    """`after`: the id of the last event seen; older ones first. `before`: the newest first, those before this id, or of all
    if it is 0. `kind`: itself or what begins with it, `server` or `server.create`. `since` is included, `until` is not."""

    after: Position = 0
    before: Position | None = None
    subject: Word | None = None
    kind: Word | None = None
    user: Word | None = None
    project: Word | None = None
    request: Word | None = None
    since: TimeText | None = None
    until: TimeText | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = PAGE


class Event(msgspec.Struct, kw_only=True):
    id: int
    at: str
    kind: str
    subject: str
    request_id: str
    user_id: str | None
    project_id: str | None
    facts: dict[str, Any]


class ListBody(msgspec.Struct):
    """`earlier`: the `before` with which to go on, also of a page without events; null: there are no earlier ones, or the
    oldest came first."""

    events: list[Event]
    earlier: int | None


def event(row: EventRow) -> Event:
    return Event(
        at=clock.iso_microseconds(row["at"], "Z"),
        id=row["id"],
        kind=row["kind"],
        subject=row["subject"],
        request_id=row["request_id"],
        user_id=row["user_id"],
        project_id=row["project_id"],
        facts=row["facts"],
    )
