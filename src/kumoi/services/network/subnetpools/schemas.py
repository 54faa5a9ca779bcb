"""Shapes of subnet pools: docs.openstack.org/api-ref/network/v2/#subnet-pools-extension-subnetpools."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.services.network import standard_attributes
from kumoi.services.network.bodies import UNSET, Text, Unset
from kumoi.services.network.standard_attributes import Standard
from kumoi.services.network.subnetpools.models import SubnetpoolDetails

Length = Annotated[int, msgspec.Meta(ge=0, le=128)]
Amount = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]


class SubnetPoolUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Text | Unset = UNSET
    description: Text | Unset = UNSET
    prefixes: Annotated[list[Text], msgspec.Meta(max_length=100)] | Unset = UNSET
    default_prefixlen: Length | Unset | None = UNSET
    min_prefixlen: Length | Unset | None = UNSET
    max_prefixlen: Length | Unset | None = UNSET
    default_quota: Amount | Unset | None = UNSET
    is_default: bool | Unset = UNSET
    address_scope_id: Unset | None = UNSET


class SubnetPoolCreate(SubnetPoolUpdate, kw_only=True, forbid_unknown_fields=True):
    shared: bool | Unset = UNSET
    project_id: Text | Unset = UNSET
    tenant_id: Text | Unset = UNSET
    tags: list[Text] | Unset = UNSET


class CreateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    subnetpool: SubnetPoolCreate | Unset = UNSET
    subnetpools: list[SubnetPoolCreate] | Unset = UNSET


class UpdateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    subnetpool: SubnetPoolUpdate


class Subnetpool(Standard, kw_only=True):
    name: str
    ip_version: int
    prefixes: list[str]
    default_prefixlen: str
    min_prefixlen: str
    max_prefixlen: str
    default_quota: int | None
    shared: bool
    is_default: bool
    address_scope_id: None


def subnetpool(row: SubnetpoolDetails) -> dict[str, Any]:
    values: Mapping[str, Any] = row
    names = (
        "id", "name", "ip_version", "prefixes", "default_prefixlen", "min_prefixlen", "max_prefixlen", "default_quota",
        "shared", "is_default",
    )  # fmt: skip
    return {
        **{name: values[name] for name in names},
        # Prefix lengths have always been texts here.
        **{name: str(values[name]) for name in ("default_prefixlen", "min_prefixlen", "max_prefixlen")},
        "address_scope_id": None,
        **standard_attributes.shown(row, row["tags"]),
    }
