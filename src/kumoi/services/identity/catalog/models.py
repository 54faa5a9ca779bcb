"""The tables of services, endpoints and regions."""

import sqlalchemy as sa

from kumoi.kernel.database import Instant, metadata

BASE_URL = "$(base_url)s"
"""Stands in an endpoint's URL for the scheme and host by which a client came."""

services = sa.Table(
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

endpoints = sa.Table(
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

regions = sa.Table(
    "identity_regions",
    metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("parent_region_id", sa.String(255), nullable=True, index=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
