"""Quotas of single volume types: `volumes_<type>`, `snapshots_<type>`, `gigabytes_<type>`. Few projects have any, so usage is
counted only where there is a limit."""

from collections.abc import Mapping

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import OverQuota
from kumoi.kernel.quotas import UNLIMITED
from kumoi.services.block_storage.volume_types import store as volume_types_store
from kumoi.services.block_storage.volumes import store

RESOURCES = ("volumes", "gigabytes", "snapshots")


def take(tx: Transaction, project_id: str, volume_type_id: str, amounts: Mapping[str, int]) -> None:
    """Check that the project may have `amounts` (of RESOURCES) more of this type; OverQuota."""
    kind = volume_types_store.find(tx, volume_type_id)
    if kind is None:
        return
    names = {resource: f"{resource}_{kind['name']}" for resource in amounts}
    limits = volume_types_store.limits(tx, project_id, names.values())
    limited = {resource: limits[name] for resource, name in names.items() if limits[name] != UNLIMITED}
    if not limited:
        return
    used = store.used_of_types(tx, project_id)[volume_type_id]
    for resource, limit in limited.items():
        if amounts[resource] > 0 and used[resource] + amounts[resource] > limit:
            raise OverQuota(names[resource], limit, used[resource], amounts[resource])


def usages(tx: Transaction, project_id: str) -> dict[str, tuple[int, int]]:
    """Quota → (limit, used), of every type."""
    types = volume_types_store.names(tx)
    if not types:
        return {}
    limits = volume_types_store.limits(
        tx, project_id, [f"{resource}_{name}" for name in types.values() for resource in RESOURCES]
    )
    used = store.used_of_types(tx, project_id)
    return {
        f"{resource}_{name}": (limits[f"{resource}_{name}"], used[volume_type_id][resource])
        for volume_type_id, name in types.items()
        for resource in RESOURCES
    }
