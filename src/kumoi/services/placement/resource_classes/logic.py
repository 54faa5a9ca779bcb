"""Standard and custom resource classes. Custom ones begin with CUSTOM_."""

import re
from collections.abc import Iterable

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Conflict, NotFound
from kumoi.services.placement.resource_classes import store
from kumoi.services.placement.resource_classes.models import removal
from kumoi.services.placement.resource_classes.standard import STANDARD

_CUSTOM = re.compile(r"CUSTOM_[A-Z0-9_]{1,248}")


def every(tx: Transaction) -> list[str]:
    return [*sorted(STANDARD), *store.custom(tx)]


def check(tx: Transaction, names: Iterable[str]) -> None:
    """BadRequest for the first that does not exist."""
    unknown = set(names) - STANDARD
    if unknown:
        unknown -= set(store.custom(tx))
    if unknown:
        raise BadRequest(f"Unknown resource class in input data: No such resource class {min(unknown)[:255]}.")


def existing(tx: Transaction, name: str) -> str:
    if name not in STANDARD and name not in store.custom(tx):
        raise NotFound(f"No such resource class {name[:255]}.")
    return name


def create(tx: Transaction, name: str) -> None:
    checked(name)
    if name in store.custom(tx):
        raise Conflict(f"Conflicting resource class already exists: {name}.")
    store.insert(tx, name)


def ensure(tx: Transaction, name: str) -> bool:
    """Returns whether it is new."""
    checked(name)
    if name in store.custom(tx):
        return False
    store.insert(tx, name)
    return True


def rename(tx: Transaction, name: str, new: str) -> None:
    _custom(tx, name)
    checked(new)
    if new != name:
        if new in store.custom(tx):
            raise Conflict(f"Resource class already exists: {new}.")
        removal.check(tx, [name])
        store.rename(tx, name, new)


def delete(tx: Transaction, name: str) -> None:
    _custom(tx, name)
    removal.run(tx, [name])
    store.delete(tx, name)


def checked(name: str) -> str:
    if not _CUSTOM.fullmatch(name):
        raise BadRequest(
            f"Invalid name {name[:300]!r}: it is CUSTOM_ and upper-case letters, digits and underscores, 255 at most."
        )
    return name


def _custom(tx: Transaction, name: str) -> None:
    existing(tx, name)
    if name in STANDARD:
        raise BadRequest(f"Cannot change or delete standard resource class {name}.")
