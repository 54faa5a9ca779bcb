"""Shapes of external events: docs.openstack.org/api-ref/compute/#create-external-events-os-server-external-events."""

from typing import Annotated, Literal

import msgspec

from kumoi.services.compute.servers.schemas.values import Uuid

MOST = 1000
Text = Annotated[str, msgspec.Meta(max_length=255)]
Status = Literal["failed", "completed", "in-progress"]
NAMES = {
    "network-changed": (2, 1), "network-vif-plugged": (2, 1), "network-vif-unplugged": (2, 1),
    "network-vif-deleted": (2, 1), "volume-extended": (2, 51), "power-update": (2, 76),
    "accelerator-request-bound": (2, 82), "volume-reimaged": (2, 93),
}  # fmt: skip
"""Name → the first version that has it."""


class Event(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Text
    server_uuid: Uuid
    status: Status = "completed"
    tag: Text | msgspec.UnsetType = msgspec.UNSET


class CreateBody(msgspec.Struct, forbid_unknown_fields=True):
    events: Annotated[list[Event], msgspec.Meta(min_length=1, max_length=MOST)]


class Taken(Event, kw_only=True):
    code: int


class Body(msgspec.Struct):
    events: list[Taken]
