"""Shapes of operations: ours alone, no OpenStack page describes them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.operations import OperationRow
from kumoi.kernel.pagination import Limit


class ListQuery(msgspec.Struct, kw_only=True):
    subject: str | None = None
    """`server/<id>`."""
    state: str | None = None
    marker: str | None = None
    limit: Limit | None = None


class StepDone(msgspec.Struct, kw_only=True):
    step: str
    started_at: str
    finished_at: str
    result: str
    detail: str | None = None


class Operation(msgspec.Struct, kw_only=True):
    id: str
    kind: str
    state: str
    step: str
    overdue: bool
    fault: str | None
    request_id: str
    user_id: str
    project_id: str | None
    created_at: str
    updated_at: str
    history: list[StepDone]
    subjects: list[str]
    """`server/<id>`: what it works on, and what it holds meanwhile."""


class ShowBody(msgspec.Struct):
    operation: Operation


class ListBody(msgspec.Struct):
    operations: list[Operation]


def operation(row: OperationRow, subjects: list[str]) -> Operation:
    done = [
        StepDone(
            step=entry["step"],
            started_at=clock.iso_microseconds(entry["started"], "Z"),
            finished_at=clock.iso_microseconds(entry["finished"], "Z"),
            result=entry["result"],
            detail=entry.get("detail"),
        )
        for entry in row["history"]
    ]
    values: Mapping[str, Any] = row
    plain = ("id", "kind", "state", "step", "overdue", "fault", "request_id", "user_id", "project_id")
    return Operation(
        **{name: values[name] for name in plain},
        created_at=clock.iso_microseconds(row["created_at"], "Z"),
        updated_at=clock.iso_microseconds(row["updated_at"], "Z"),
        history=done,
        subjects=subjects,
    )
