"""Shapes of messages: docs.openstack.org/api-ref/block-storage/v3/#messages-messages."""

from collections.abc import Mapping
from typing import Any

import msgspec

from kumoi.kernel import clock
from kumoi.services.block_storage.listing import Link, Page
from kumoi.services.block_storage.messages.models import KEPT


class ListQuery(Page, kw_only=True):
    resource_uuid: str | None = None
    resource_type: str | None = None
    event_id: str | None = None
    request_id: str | None = None
    message_level: str | None = None


class Message(msgspec.Struct, kw_only=True):
    id: str
    event_id: str
    user_message: str
    message_level: str
    resource_type: str
    resource_uuid: str
    request_id: str
    created_at: str
    guaranteed_until: str
    links: list[Link]


class Body(msgspec.Struct):
    message: Message


class ListBody(msgspec.Struct, kw_only=True):
    messages: list[Message]
    messages_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


def message(row: Mapping[str, Any], links: list[Link]) -> Message:
    return Message(
        id=row["id"], event_id=row["event_id"], user_message=row["text"], message_level=row["level"],
        resource_type=row["resource_type"], resource_uuid=row["resource_id"], request_id=row["request_id"],
        created_at=clock.iso_microseconds(row["created_at"]),
        guaranteed_until=clock.iso_microseconds(row["created_at"] + KEPT), links=links,
    )  # fmt: skip
