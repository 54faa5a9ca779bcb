"""The table of members."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata
from kumoi.services.image.images.models import images

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
)
