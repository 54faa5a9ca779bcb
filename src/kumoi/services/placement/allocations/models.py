"""The tables of consumers and their allocations."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata
from kumoi.services.placement.resource_providers.models import resource_providers as resource_providers_table


class ConsumerRow(TypedDict):
    id: str
    project_id: str
    user_id: str
    generation: int
    type: str | None
    created_at: int
    updated_at: int


consumers = Table[ConsumerRow](
    "placement_consumers",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(255), nullable=False),
    sa.Column("user_id", sa.String(255), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("type", sa.String(255)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_placement_consumers_project", "project_id", "user_id"),
    info=changes.UNSEEN,
)


class AllocationRow(TypedDict):
    consumer_id: str
    provider_id: str
    resource_class: str
    used: int


allocations = Table[AllocationRow](
    "placement_allocations",
    metadata,
    sa.Column("consumer_id", sa.String(36), sa.ForeignKey(consumers.c.id), primary_key=True),
    sa.Column("provider_id", sa.String(36), sa.ForeignKey(resource_providers_table.c.id), primary_key=True),
    sa.Column("resource_class", sa.String(255), primary_key=True),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Index("ix_placement_allocations_provider", "provider_id", "resource_class"),
    info=changes.UNSEEN,
)


class AllocationOfConsumer(AllocationRow):
    consumer_generation: int
    project_id: str
    user_id: str


class Freed(TypedDict):
    provider_id: str
    resource_class: str
    used: int


class UsedByType(TypedDict):
    type: str | None
    resource_class: str
    used: int
