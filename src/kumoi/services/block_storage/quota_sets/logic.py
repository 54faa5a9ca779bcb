"""Checks who may read and change which quotas."""

from collections.abc import Mapping

from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.who import Who
from kumoi.services.block_storage.errors import InvalidInput
from kumoi.services.block_storage.volume_types import store as volume_types_store
from kumoi.services.block_storage.volumes.logic import type_quotas
from kumoi.services.block_storage.volumes.logic.type_quotas import RESOURCES

SERVICE = "block_storage"
LARGEST = 2**31 - 1


def may_see(who: Who, project_id: str) -> None:
    if not who.sees(project_id):
        raise PolicyForbids("volume_extension:quotas:show")


def limits(tx: Transaction, project_id: str) -> dict[str, int]:
    """Includes `volumes_<type>` and so on."""
    of_types = volume_types_store.limits(tx, project_id, _per_type(tx))
    return {**quotas.all_limits(tx, SERVICE, project_id), **of_types}


def usages(tx: Transaction, project_id: str) -> dict[str, dict[str, int]]:
    """resource → {limit, in_use, reserved}."""
    shown = {**quotas.show(tx, SERVICE, project_id), **type_quotas.usages(tx, project_id)}
    return {name: {"limit": most, "in_use": used, "reserved": 0} for name, (most, used) in shown.items()}


def defaults(tx: Transaction) -> dict[str, int]:
    return limits(tx, quotas.EVERYBODY)


def change(tx: Transaction, project_id: str, values: Mapping[str, object]) -> None:
    """-1: no limit. Everything is checked before anything is set."""
    per_type = set(_per_type(tx))
    wanted: dict[str, int] = {}
    for resource, value in values.items():
        if (SERVICE, resource) not in quotas.registry and resource not in per_type:
            raise InvalidInput(f"quota_set: there is no quota {resource[:255]}.")
        wanted[resource] = _number(resource, value)
    for resource, number in wanted.items():
        quotas.set_limit(tx, SERVICE, resource, project_id, number)


def reset(tx: Transaction, project_id: str) -> None:
    quotas.reset(tx, SERVICE, project_id)


def _per_type(tx: Transaction) -> list[str]:
    return [f"{resource}_{name}" for name in sorted(volume_types_store.names(tx).values()) for resource in RESOURCES]


def _number(resource: str, value: object) -> int:
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or not -1 <= number <= LARGEST:
        raise InvalidInput(f"quota_set.{resource}: {str(value)[:50]} is no whole number from -1 to {LARGEST}.")
    return number
