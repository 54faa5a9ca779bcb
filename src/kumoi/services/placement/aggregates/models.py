"""The table of which provider is in which aggregates."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Table, metadata
from kumoi.services.placement.resource_providers.models import resource_providers as resource_providers_table


class ProviderAggregateRow(TypedDict):
    provider_id: str
    aggregate_id: str


provider_aggregates = Table[ProviderAggregateRow](
    "placement_provider_aggregates",
    metadata,
    sa.Column("provider_id", sa.String(36), sa.ForeignKey(resource_providers_table.c.id), primary_key=True),
    sa.Column("aggregate_id", sa.String(36), primary_key=True),
    sa.Index("ix_placement_provider_aggregates_aggregate", "aggregate_id"),
)
