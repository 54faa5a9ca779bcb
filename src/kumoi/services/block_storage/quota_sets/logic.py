"""Checks who may read and change which quotas."""

from collections.abc import Mapping

from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.who import Who
from kumoi.services.block_storage.errors import InvalidInput
from kumoi.services.block_storage.volume_types import store as volume_types_store

SERVICE = "block_storage"
LARGEST = 2**31 - 1
PER_TYPE = ("volumes", "gigabytes", "snapshots")


def may_see(who: Who, project_id: str) -> None:
    if not who.sees(project_id):
        raise PolicyForbids("volume_extension:quotas:show")


def limits(tx: Transaction, project_id: str) -> dict[str, int]:
    """Includes `volumes_<type>` and so on, which have no limit."""
    return {**quotas.all_limits(tx, SERVICE, project_id), **dict.fromkeys(_per_type(tx), quotas.UNLIMITED)}


def usages(tx: Transaction, project_id: str) -> dict[str, dict[str, int]]:
    """resource → {limit, in_use, reserved}. Usage is not counted by type."""
    shown = quotas.show(tx, SERVICE, project_id)
    found = {name: {"limit": most, "in_use": used, "reserved": 0} for name, (most, used) in shown.items()}
    return {**found, **{name: {"limit": -1, "in_use": 0, "reserved": 0} for name in _per_type(tx)}}


def defaults(tx: Transaction) -> dict[str, int]:
    return limits(tx, quotas.EVERYBODY)


def change(tx: Transaction, project_id: str, values: Mapping[str, object]) -> None:
    """-1: no limit. Everything is checked before anything is set."""
    per_type = set(_per_type(tx))
    wanted: dict[str, int] = {}
    for resource, value in values.items():
        if (SERVICE, resource) not in quotas.registry and resource not in per_type:
            raise InvalidInput(f"quota_set: there is no quota {resource[:255]}.")
        number = _number(resource, value)
        if resource in per_type:
            if number != quotas.UNLIMITED:
                raise InvalidInput(f"quota_set.{resource}: limits of single volume types are not kept here.")
            continue
        wanted[resource] = number
    for resource, number in wanted.items():
        quotas.set_limit(tx, SERVICE, resource, project_id, number)


def reset(tx: Transaction, project_id: str) -> None:
    quotas.reset(tx, SERVICE, project_id)


def _per_type(tx: Transaction) -> list[str]:
    return [f"{resource}_{name}" for name in sorted(volume_types_store.names(tx).values()) for resource in PER_TYPE]


def _number(resource: str, value: object) -> int:
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or not -1 <= number <= LARGEST:
        raise InvalidInput(f"quota_set.{resource}: {str(value)[:50]} is no whole number from -1 to {LARGEST}.")
    return number
