"""The tables of services, endpoints and regions."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata

BASE_URL = "$(base_url)s"
"""Stands in an endpoint's URL for the scheme and host by which a client came."""


class ServiceRow(TypedDict):
    id: str
    type: str
    name: str | None
    description: str | None
    enabled: bool
    extra: dict[str, Any]
    created_at: int


services = Table[ServiceRow](
    "identity_services",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("type", sa.String(255), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=True),
    sa.Column("description", sa.Text, nullable=True),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)


class EndpointRow(TypedDict):
    id: str
    service_id: str
    interface: str
    region_id: str | None
    url: str
    enabled: bool
    extra: dict[str, Any]
    created_at: int


endpoints = Table[EndpointRow](
    "identity_endpoints",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("service_id", sa.String(64), nullable=False, index=True),
    sa.Column("interface", sa.String(8), nullable=False),
    sa.Column("region_id", sa.String(255), nullable=True, index=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)


class RegionRow(TypedDict):
    id: str
    parent_region_id: str | None
    description: str
    extra: dict[str, Any]
    created_at: int


regions = Table[RegionRow](
    "identity_regions",
    metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("parent_region_id", sa.String(255), nullable=True, index=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
