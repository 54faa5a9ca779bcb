"""Shapes of instance actions: docs.openstack.org/api-ref/compute/#servers-actions-servers-os-instance-actions."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from kumoi.kernel.pagination import Limit
from kumoi.kernel.queries import TimeText
from kumoi.kernel.versions import since


class ListQuery(msgspec.Struct, kw_only=True):
    limit: Annotated[Limit | None, since("2.58")] = None
    marker: Annotated[str | None, since("2.58")] = None
    changes_since: Annotated[TimeText | None, since("2.58")] = msgspec.field(name="changes-since", default=None)
    changes_before: Annotated[TimeText | None, since("2.66")] = msgspec.field(name="changes-before", default=None)


class Link(msgspec.Struct):
    rel: str
    href: str


class Event(msgspec.Struct, kw_only=True):
    event: str
    start_time: str
    finish_time: str | None
    result: str | None
    traceback: str | UnsetType | None = UNSET
    host_id: Annotated[str, since("2.62")] = msgspec.field(name="hostId")
    host: Annotated[str | UnsetType | None, since("2.62")] = UNSET
    details: Annotated[str | UnsetType | None, since("2.84")] = UNSET


class Action(msgspec.Struct, kw_only=True):
    action: str
    instance_uuid: str
    message: str | None
    project_id: str | None
    request_id: str
    start_time: str
    user_id: str
    updated_at: Annotated[str, since("2.58")]


class ActionDetail(Action, kw_only=True):
    events: list[Event] | UnsetType = UNSET


class ListBody(msgspec.Struct):
    instanceActions: list[Action]
    links: Annotated[list[Link] | UnsetType, since("2.58")] = UNSET


class ShowBody(msgspec.Struct):
    instanceAction: ActionDetail
