"""Shapes of members: docs.openstack.org/api-ref/image/v2/#sharing."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock
from kumoi.services.image.images.models import MemberRow


class Create(msgspec.Struct, forbid_unknown_fields=True):
    member: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Update(msgspec.Struct):
    status: str
    """A client may also send the member, which is already in the path."""


class Member(msgspec.Struct, kw_only=True):
    image_id: str
    member_id: str
    status: str
    created_at: str
    updated_at: str
    schema: str


def member(row: MemberRow) -> dict[str, Any]:
    return {
        "image_id": row["image_id"],
        "member_id": row["member_id"],
        "status": row["status"],
        "created_at": clock.iso(row["created_at"]),
        "updated_at": clock.iso(row["updated_at"]),
        "schema": "/v2/schemas/member",
    }
