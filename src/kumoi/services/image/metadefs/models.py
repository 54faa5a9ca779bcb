"""The tables of metadata definitions. Everything in a namespace goes with it."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata

PUBLIC, PRIVATE = "public", "private"
MOST = 1000
"""Objects, properties, tags or resource types of one namespace."""


class NamespaceRow(TypedDict):
    id: str
    namespace: str
    display_name: str | None
    description: str | None
    visibility: str
    protected: bool
    owner: str
    created_at: int
    updated_at: int


namespaces = Table[NamespaceRow](
    "image_metadef_namespaces",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("namespace", sa.String(80), nullable=False, unique=True),
    sa.Column("display_name", sa.String(80)),
    sa.Column("description", sa.Text),
    sa.Column("visibility", sa.String(16), nullable=False),
    sa.Column("protected", sa.Boolean, nullable=False),
    sa.Column("owner", sa.String(255), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_image_metadef_namespaces_visible", "visibility", "created_at", "id"),
    sa.Index("ix_image_metadef_namespaces_owner", "owner", "created_at", "id"),
    sa.Index("ix_image_metadef_namespaces_created", "created_at", "id"),
)


class ObjectRow(TypedDict):
    namespace_id: str
    name: str
    description: str | None
    required: list[str]
    properties: dict[str, Any]
    created_at: int
    updated_at: int


objects = Table[ObjectRow](
    "image_metadef_objects",
    metadata,
    sa.Column("namespace_id", sa.String(36), sa.ForeignKey(namespaces.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("description", sa.Text),
    sa.Column("required", sa.JSON, nullable=False),
    sa.Column("properties", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)


class PropertyRow(TypedDict):
    namespace_id: str
    name: str
    definition: dict[str, Any]
    created_at: int
    updated_at: int


properties = Table[PropertyRow](
    "image_metadef_properties",
    metadata,
    sa.Column("namespace_id", sa.String(36), sa.ForeignKey(namespaces.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("definition", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)
"""`definition`: what clients read of it besides its name."""


class TagRow(TypedDict):
    namespace_id: str
    name: str
    created_at: int
    updated_at: int


tags = Table[TagRow](
    "image_metadef_tags",
    metadata,
    sa.Column("namespace_id", sa.String(36), sa.ForeignKey(namespaces.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)


class ResourceTypeRow(TypedDict):
    name: str
    created_at: int
    updated_at: int


resource_types = Table[ResourceTypeRow](
    "image_metadef_resource_types",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    info=changes.UNSEEN,
)


class AssociationRow(TypedDict):
    namespace_id: str
    name: str
    prefix: str | None
    properties_target: str | None
    created_at: int
    updated_at: int


associations = Table[AssociationRow](
    "image_metadef_associations",
    metadata,
    sa.Column("namespace_id", sa.String(36), sa.ForeignKey(namespaces.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(80), sa.ForeignKey(resource_types.c.name), primary_key=True),
    sa.Column("prefix", sa.String(80)),
    sa.Column("properties_target", sa.String(80)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_image_metadef_associations_name", "name"),
)
"""A namespace's definitions are for resources of this type. `prefix` stands before the names of its properties there."""
