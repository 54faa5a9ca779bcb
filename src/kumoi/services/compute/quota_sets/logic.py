"""Checks who may read and change which quotas."""

from collections.abc import Mapping

from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, PolicyForbids
from kumoi.kernel.who import Who

SERVICE = "compute"
LARGEST = 2**31 - 1


def may_see(who: Who, project_id: str) -> None:
    if not who.sees(project_id):
        raise PolicyForbids("os_compute_api:os-quota-sets:show")


def limits(tx: Transaction, project_id: str) -> dict[str, int]:
    return quotas.all_limits(tx, SERVICE, project_id)


def details(tx: Transaction, project_id: str) -> dict[str, tuple[int, int]]:
    """resource → (limit, in use)."""
    return quotas.show(tx, SERVICE, project_id)


def defaults(tx: Transaction) -> dict[str, int]:
    return quotas.all_limits(tx, SERVICE, quotas.EVERYBODY)


def change(tx: Transaction, project_id: str, values: Mapping[str, int], *, force: bool) -> None:
    """-1: no limit. A limit below what is in use is refused unless forced."""
    for resource, value in values.items():
        if not -1 <= value <= LARGEST:
            raise BadRequest(f"Invalid input for field/attribute {resource}: {value} is not from -1 to {LARGEST}.")
        if value != quotas.UNLIMITED and not force and project_id != quotas.EVERYBODY:
            used = quotas.registry[SERVICE, resource].usage(tx, project_id)
            if value < used:
                raise BadRequest(
                    f"Quota limit {value} for {resource} must be greater than or equal to already used and reserved "
                    f"{used}."
                )
        quotas.set_limit(tx, SERVICE, resource, project_id, value)


def reset(tx: Transaction, project_id: str) -> None:
    quotas.reset(tx, SERVICE, project_id)
