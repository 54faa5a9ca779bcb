"""Shapes of inventories: docs.openstack.org/api-ref/placement/#resource-provider-inventories."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from kumoi.services.placement.amounts import LARGEST
from kumoi.services.placement.inventories.models import InventoryRow
from kumoi.services.placement.resource_providers.models import ResourceProviderRow

Amount = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]
FIELDS = ("total", "reserved", "min_unit", "max_unit", "step_size", "allocation_ratio")


class Inventory(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    total: Amount
    reserved: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] = 0
    min_unit: Amount = 1
    max_unit: Amount = LARGEST
    step_size: Amount = 1
    allocation_ratio: Annotated[float, msgspec.Meta(gt=0, le=3.4e38)] = 1.0

    def values(self) -> dict[str, Any]:
        return {field: getattr(self, field) for field in FIELDS}


class Replace(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    resource_provider_generation: int
    inventories: dict[str, Inventory]


class Add(Inventory, kw_only=True, forbid_unknown_fields=True):
    resource_class: str
    resource_provider_generation: int | None = None


class Change(Inventory, kw_only=True, forbid_unknown_fields=True):
    resource_provider_generation: int


class ShownInventory(msgspec.Struct, kw_only=True):
    total: int
    reserved: int
    min_unit: int
    max_unit: int
    step_size: int
    allocation_ratio: float


class Shown(msgspec.Struct):
    resource_provider_generation: int
    inventories: dict[str, ShownInventory]


class ShownOne(ShownInventory, kw_only=True):
    resource_provider_generation: int


def inventory(row: InventoryRow) -> dict[str, Any]:
    values: Mapping[str, Any] = row
    return {field: values[field] for field in FIELDS}


def of_provider(provider: ResourceProviderRow, rows: dict[str, InventoryRow]) -> dict[str, Any]:
    return {
        "resource_provider_generation": provider["generation"],
        "inventories": {name: inventory(row) for name, row in rows.items()},
    }


def one(provider: ResourceProviderRow, row: InventoryRow) -> dict[str, Any]:
    return {"resource_provider_generation": provider["generation"], **inventory(row)}
