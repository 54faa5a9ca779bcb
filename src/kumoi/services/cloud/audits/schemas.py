"""Shapes of audits: ours alone."""

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.operations import ENDED, OperationRow
from kumoi.services.cloud.audits.operations.run import DIFFERENCES, FOUND


class Difference(msgspec.Struct, kw_only=True):
    service: str
    kind: str
    id: str
    problem: str


class Audit(msgspec.Struct, kw_only=True):
    """`found`: how many differences there are; null until the audit is done. `differences`: the first of them. `reason`: why
    it failed."""

    operation_id: str
    state: str
    started_at: str
    ended_at: str | None
    reason: str | None
    found: int | None
    differences: list[Difference]


class ShowBody(msgspec.Struct):
    audit: Audit | None
    """The last one; null: there was none."""


def audit(row: OperationRow) -> Audit:
    ended = row["state"] in ENDED
    return Audit(
        operation_id=row["id"],
        state=row["state"],
        started_at=clock.iso_microseconds(row["created_at"], "Z"),
        ended_at=clock.iso_microseconds(row["updated_at"], "Z") if ended else None,
        reason=row["fault"],
        found=row["data"].get(FOUND),
        differences=[Difference(**each) for each in row["data"].get(DIFFERENCES, [])],
    )
