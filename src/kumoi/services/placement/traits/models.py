"""The tables of traits: those that were made here, and who has which."""

import sqlalchemy as sa

from kumoi.kernel.database import Instant, metadata
from kumoi.services.placement.resource_providers.models import resource_providers

traits = sa.Table(
    "placement_traits",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
)

provider_traits = sa.Table(
    "placement_provider_traits",
    metadata,
    sa.Column("provider_id", sa.String(36), sa.ForeignKey(resource_providers.c.id), primary_key=True),
    sa.Column("trait", sa.String(255), primary_key=True),
    sa.Index("ix_placement_provider_traits_trait", "trait"),
)
