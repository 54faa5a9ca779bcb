"""Shapes of the overview."""

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.operations import OperationRow
from kumoi.services.cloud.events.schemas import Event


class Quota(msgspec.Struct, kw_only=True):
    """`limit` -1: none."""

    service: str
    resource: str
    limit: int
    used: int


class Failure(msgspec.Struct, kw_only=True):
    """An operation that failed, or is overdue and still tried. `reason`: why, for the person who asked for it.
    `subjects`: `server/<id>`."""

    operation_id: str
    kind: str
    state: str
    step: str
    reason: str | None
    subjects: list[str]
    project_id: str | None
    user_id: str
    request_id: str
    at: str


class Overview(msgspec.Struct, kw_only=True):
    """`quotas`: of the token's project."""

    quotas: list[Quota]
    failures: list[Failure]
    events: list[Event]


class ShowBody(msgspec.Struct):
    overview: Overview


def failure(row: OperationRow, subjects: list[str]) -> Failure:
    return Failure(
        operation_id=row["id"], kind=row["kind"], state=row["state"], step=row["step"], reason=row["fault"],
        subjects=subjects, project_id=row["project_id"], user_id=row["user_id"], request_id=row["request_id"],
        at=clock.iso_microseconds(row["updated_at"], "Z"),
    )  # fmt: skip
