"""The tables of volume types."""

import sqlalchemy as sa

from kumoi.kernel.database import Instant, metadata

DEFAULT = "default"
"""The type of a volume for which none was asked, unless the project has another default."""

volume_types = sa.Table(
    "block_storage_volume_types",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("description", sa.String(255)),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("extra_specs", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

access = sa.Table(
    "block_storage_volume_type_access",
    metadata,
    sa.Column("volume_type_id", sa.String(36), sa.ForeignKey(volume_types.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Index("ix_block_storage_volume_type_access_project_id", "project_id"),
)
"""Who may use a type that is not public."""

default_types = sa.Table(
    "block_storage_default_types",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("volume_type_id", sa.String(36), sa.ForeignKey(volume_types.c.id), nullable=False),
    sa.Index("ix_block_storage_default_types_volume_type_id", "volume_type_id"),
)
"""The default of a project that has one of its own."""
