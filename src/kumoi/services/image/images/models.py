"""The tables of images; their states as data."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata

QUEUED, SAVING, UPLOADING, IMPORTING, ACTIVE, DEACTIVATED = (
    "queued", "saving", "uploading", "importing", "active", "deactivated",
)  # fmt: skip
TRANSITIONS = {
    QUEUED: {SAVING, UPLOADING, IMPORTING},
    SAVING: {ACTIVE, QUEUED},
    UPLOADING: {IMPORTING, QUEUED, UPLOADING},
    IMPORTING: {ACTIVE, UPLOADING, QUEUED},
    ACTIVE: {DEACTIVATED},
    DEACTIVATED: {ACTIVE},
}
TRANSIENT = frozenset({SAVING, IMPORTING})
"""An image with one of these has an active operation."""
PUBLIC, PRIVATE, SHARED, COMMUNITY = "public", "private", "shared", "community"
MOST = 128
"""Properties, tags or members of one image."""


class ImageRow(TypedDict):
    id: str
    name: str | None
    status: str
    visibility: str
    owner: str | None
    protected: bool
    os_hidden: bool
    disk_format: str | None
    container_format: str | None
    min_disk: int
    min_ram: int
    size: int | None
    virtual_size: int | None
    checksum: str | None
    os_hash_algo: str | None
    os_hash_value: str | None
    created_at: int
    updated_at: int
    upload: str | None
    upload_seen_at: int | None
    store: str | None
    importing_to: str | None
    failed_import: str | None


class ImageDetails(ImageRow):
    """An image with its values from the other tables."""

    properties: dict[str, str]
    tags: list[str]


images = Table[ImageRow](
    "image_images",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(255), index=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("visibility", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(64), index=True),
    sa.Column("protected", sa.Boolean, nullable=False),
    sa.Column("os_hidden", sa.Boolean, nullable=False),
    sa.Column("disk_format", sa.String(20)),
    sa.Column("container_format", sa.String(20)),
    sa.Column("min_disk", sa.Integer, nullable=False),
    sa.Column("min_ram", sa.Integer, nullable=False),
    sa.Column("size", sa.BigInteger),
    sa.Column("virtual_size", sa.BigInteger),
    sa.Column("checksum", sa.String(32)),
    sa.Column("os_hash_algo", sa.String(64)),
    sa.Column("os_hash_value", sa.String(128)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("upload", sa.String(36)),
    sa.Column("upload_seen_at", Instant),
    sa.Column("store", sa.String(64)),
    sa.Column("importing_to", sa.String(64)),
    sa.Column("failed_import", sa.String(64)),
    sa.Index("ix_image_images_visible", "visibility", "created_at"),
)
"""`upload`: the operation that watches an upload in progress. `upload_seen_at`: when its receiver was last active.
`store`: where its bytes lie, or come; several have commas between them. `importing_to`: the stores that the running import
fills, `failed_import`: those that the last one did not; None: there was no import."""


class PropertyRow(TypedDict):
    image_id: str
    name: str
    value: str


properties = Table[PropertyRow](
    "image_properties",
    metadata,
    sa.Column("image_id", sa.String(36), sa.ForeignKey(images.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


class TagRow(TypedDict):
    image_id: str
    tag: str


tags = Table[TagRow](
    "image_tags",
    metadata,
    sa.Column("image_id", sa.String(36), sa.ForeignKey(images.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", sa.String(255), primary_key=True),
    sa.Index("ix_image_tags_tag", "tag"),
)


PENDING, ACCEPTED, REJECTED = "pending", "accepted", "rejected"


class MemberRow(TypedDict):
    image_id: str
    member_id: str
    status: str
    created_at: int
    updated_at: int


members = Table[MemberRow](
    "image_members",
    metadata,
    sa.Column("image_id", sa.String(36), sa.ForeignKey(images.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("member_id", sa.String(64), primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_image_members_member", "member_id"),
    info=changes.part(grantee="member_id"),
)
