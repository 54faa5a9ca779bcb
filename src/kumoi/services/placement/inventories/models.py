"""The table of inventories, and the computation of capacity."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata
from kumoi.services.placement.resource_providers.models import resource_providers as resource_providers_table


class InventoryRow(TypedDict):
    provider_id: str
    resource_class: str
    total: int
    reserved: int
    min_unit: int
    max_unit: int
    step_size: int
    allocation_ratio: float
    updated_at: int


inventories = Table[InventoryRow](
    "placement_inventories",
    metadata,
    sa.Column("provider_id", sa.String(36), sa.ForeignKey(resource_providers_table.c.id), primary_key=True),
    sa.Column("resource_class", sa.String(255), primary_key=True),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("reserved", sa.Integer, nullable=False),
    sa.Column("min_unit", sa.Integer, nullable=False),
    sa.Column("max_unit", sa.Integer, nullable=False),
    sa.Column("step_size", sa.Integer, nullable=False),
    sa.Column("allocation_ratio", sa.Float(53), nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_placement_inventories_class", "resource_class"),
)


class UsageRow(TypedDict):
    provider_id: str
    resource_class: str
    used: int


totals = Table[UsageRow](
    "placement_usages",
    metadata,
    sa.Column("provider_id", sa.String(36), sa.ForeignKey(resource_providers_table.c.id), primary_key=True),
    sa.Column("resource_class", sa.String(255), primary_key=True),
    sa.Column("used", sa.BigInteger, nullable=False),
)
"""The sums of the allocations, updated in the same transaction, so that scheduling does not sum up all allocations.
There is no row for a sum of 0. The audit compares the sums."""


def capacity(row: InventoryRow) -> int:
    """The total that can be allocated: (total - reserved) x allocation_ratio, rounded down."""
    return int((row["total"] - row["reserved"]) * row["allocation_ratio"])


def misfit(row: InventoryRow, amount: int) -> str | None:
    """Why this amount is never allowed, however much is free; None if it is valid."""
    name = row["resource_class"]
    if amount < row["min_unit"]:
        return f"{name}: {amount} is less than the smallest unit {row['min_unit']}"
    if amount > row["max_unit"]:
        return f"{name}: {amount} is more than the largest unit {row['max_unit']}"
    if amount % row["step_size"]:
        return f"{name}: {amount} is no multiple of the step {row['step_size']}"
    return None


def shortage(row: InventoryRow, used: int, amount: int) -> str | None:
    """Why `amount` more does not fit beside `used`; None if it does."""
    room = capacity(row) - used
    if amount > room:
        return f"{row['resource_class']}: {amount} requested, {max(room, 0)} free of {capacity(row)}"
    return None


def refusal(row: InventoryRow, used: int, amount: int) -> str | None:
    """Either of both."""
    return misfit(row, amount) or shortage(row, used, amount)
