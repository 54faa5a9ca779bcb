"""The tables of custom traits and of providers' traits."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata
from kumoi.services.placement.resource_providers.models import resource_providers as resource_providers_table


class TraitRow(TypedDict):
    name: str
    created_at: int


traits = Table[TraitRow](
    "placement_traits",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
)


class ProviderTraitRow(TypedDict):
    provider_id: str
    trait: str


provider_traits = Table[ProviderTraitRow](
    "placement_provider_traits",
    metadata,
    sa.Column("provider_id", sa.String(36), sa.ForeignKey(resource_providers_table.c.id), primary_key=True),
    sa.Column("trait", sa.String(255), primary_key=True),
    sa.Index("ix_placement_provider_traits_trait", "trait"),
)
