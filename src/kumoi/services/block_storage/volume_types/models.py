"""The tables of volume types."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata
from kumoi.kernel.removal import Removal

DEFAULT = "default"
"""The type of a volume that was requested without a type, unless the project has another default."""


class VolumeTypeRow(TypedDict):
    id: str
    name: str
    description: str | None
    is_public: bool
    extra_specs: dict[str, str]
    qos_specs_id: str | None
    created_at: int
    updated_at: int


volume_types = Table[VolumeTypeRow](
    "block_storage_volume_types",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("description", sa.String(255)),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("extra_specs", sa.JSON, nullable=False),
    sa.Column("qos_specs_id", sa.String(36)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)


class VolumeTypeAccessRow(TypedDict):
    volume_type_id: str
    project_id: str


access = Table[VolumeTypeAccessRow](
    "block_storage_volume_type_access",
    metadata,
    sa.Column("volume_type_id", sa.String(36), sa.ForeignKey(volume_types.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Index("ix_block_storage_volume_type_access_project_id", "project_id"),
)
"""The projects that may use a private type."""


class DefaultTypeRow(TypedDict):
    project_id: str
    volume_type_id: str


default_types = Table[DefaultTypeRow](
    "block_storage_default_types",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("volume_type_id", sa.String(36), sa.ForeignKey(volume_types.c.id), nullable=False),
    sa.Index("ix_block_storage_default_types_volume_type_id", "volume_type_id"),
)
"""The projects' own default types."""

removal = Removal()
