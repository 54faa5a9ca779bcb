"""Shapes of events: ours alone."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.events import EventRow

PAGE = 100


class ListQuery(msgspec.Struct, kw_only=True):
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    """The id of the last event seen."""
    subject: str | None = None
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
    events: list[Event]


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
