"""Shapes of services: docs.openstack.org/api-ref/compute/#compute-services-os-services."""

from typing import Annotated, Any, Literal

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.versions import since

BINARY = "nova-compute"
"""The name under which clients know the agent of a host."""


class ListQuery(msgspec.Struct, kw_only=True):
    host: str | None = None
    binary: str | None = None


class Named(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How versions before 2.53 name a service."""

    host: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    binary: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class NamedWithReason(Named, kw_only=True, forbid_unknown_fields=True):
    disabled_reason: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class NamedForcedDown(Named, kw_only=True, forbid_unknown_fields=True):
    forced_down: bool


class Update(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    status: Literal["enabled", "disabled"] | None = None
    disabled_reason: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    forced_down: bool | None = None


class Service(msgspec.Struct, kw_only=True):
    id: int | str
    binary: str = BINARY
    host: str
    zone: str
    status: str
    state: str
    updated_at: str
    disabled_reason: str | None
    forced_down: Annotated[bool, since("2.11")]


class ListBody(msgspec.Struct):
    services: list[Service]


class ShowBody(msgspec.Struct):
    service: Service


def service(row: dict[str, Any], *, by_uuid: bool) -> Service:
    return Service(
        id=row["id"] if by_uuid else row["number"], host=row["name"], zone=row["availability_zone"],
        status="disabled" if row["disabled"] else "enabled", state="up" if row["up"] else "down",
        updated_at=clock.iso_microseconds(row["seen_at"] or row["updated_at"]),
        disabled_reason=row["disabled_reason"], forced_down=row["forced_down"],
    )  # fmt: skip
