"""The table of which provider is in which aggregates."""

import sqlalchemy as sa

from kumoi.kernel.database import metadata
from kumoi.services.placement.resource_providers.models import resource_providers

provider_aggregates = sa.Table(
    "placement_provider_aggregates",
    metadata,
    sa.Column("provider_id", sa.String(36), sa.ForeignKey(resource_providers.c.id), primary_key=True),
    sa.Column("aggregate_id", sa.String(36), primary_key=True),
    sa.Index("ix_placement_provider_aggregates_aggregate", "aggregate_id"),
)
