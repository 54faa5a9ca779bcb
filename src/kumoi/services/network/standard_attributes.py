"""Attributes of every resource of the network service: id, project, description, revision and times."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypedDict, cast

import msgspec
import sqlalchemy as sa

from kumoi.kernel import clock
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Instant, R, Transaction
from kumoi.services.network.errors import RevisionNumberConstraintFailed


class Standard(msgspec.Struct, kw_only=True):
    """As every reply shows them, but the name."""

    id: str
    tenant_id: str
    project_id: str
    description: str
    revision_number: int
    created_at: str
    updated_at: str
    tags: list[str]


class StandardRow(TypedDict):
    """The columns of a table that has no names."""

    id: str
    project_id: str
    description: str
    revision_number: int
    created_at: int
    updated_at: int


class NamedRow(StandardRow):
    name: str


def columns(*, named: bool = True) -> list[sa.Column[Any]]:
    """Fresh columns for one table."""
    name: list[sa.Column[Any]] = [sa.Column("name", sa.String(255), nullable=False)] if named else []
    return [
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("project_id", sa.String(255), nullable=False),
        *name,
        sa.Column("description", sa.String(255), nullable=False),
        sa.Column("revision_number", sa.BigInteger, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
    ]


def fresh(tx: Transaction, row: type[R], project_id: str, **values: Any) -> R:
    """A new row of the type `row`; `values`: all that is not standard. TypeError if they are not its keys."""
    made = {
        "id": tx.new_uuid(),
        "project_id": project_id,
        "description": "",
        "revision_number": 0,
        "created_at": tx.now,
        "updated_at": tx.now,
        **values,
    }
    if made.keys() != row.__required_keys__:  # type: ignore[attr-defined]
        raise TypeError(f"{row.__name__}: {sorted(made.keys() ^ row.__required_keys__)}")  # type: ignore[attr-defined]
    return cast(R, made)


def change(tx: Transaction, table: sa.Table, row_id: str, **values: Any) -> None:
    """Update one row and count its revision up."""
    tx.execute(
        table.update()
        .where(table.c.id == row_id)
        .values(revision_number=table.c.revision_number + 1, updated_at=tx.now, **values)
    )


def shown(row: Mapping[str, Any], tags: list[str]) -> dict[str, Any]:
    """As every reply shows them, but the name."""
    return {
        "tenant_id": row["project_id"],
        "project_id": row["project_id"],
        "description": row["description"],
        "revision_number": row["revision_number"],
        "created_at": _written(row["created_at"] // SECOND),
        "updated_at": _written(row["updated_at"] // SECOND),
        "tags": tags,
    }


def expect_revision(row: Mapping[str, Any], if_match: str | None) -> None:
    """Refuse the change if the caller's `If-Match: revision_number=3` differs from the row's revision."""
    if not if_match:
        return
    name, _, value = if_match.partition("=")
    if name.strip() == "revision_number" and value.strip() != str(row["revision_number"]):
        raise RevisionNumberConstraintFailed(str(row["id"]), value.strip()[:20])


@lru_cache(maxsize=4096)
def _written(second: int) -> str:
    return clock.iso(second * SECOND)
