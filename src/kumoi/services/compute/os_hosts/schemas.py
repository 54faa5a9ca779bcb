"""Shapes of hosts: docs.openstack.org/api-ref/compute/#hosts-os-hosts-deprecated."""

from typing import Literal

import msgspec

SERVICE = "compute"
Switch = Literal["enable", "disable"]


class ListQuery(msgspec.Struct, kw_only=True):
    zone: str | None = None
    service: str | None = None


class Item(msgspec.Struct):
    host_name: str
    service: str
    zone: str


class ListBody(msgspec.Struct):
    hosts: list[Item]


class Amounts(msgspec.Struct, kw_only=True):
    """`project`: a project's id, or `(total)`, `(used_now)`, `(used_max)`."""

    host: str
    project: str
    cpu: int
    memory_mb: int
    disk_gb: int


class Resource(msgspec.Struct):
    resource: Amounts


class ShowBody(msgspec.Struct):
    host: list[Resource]


class Update(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    status: Switch | None = None
    maintenance_mode: Switch | None = None


class Changed(msgspec.Struct):
    host: str
    status: str
