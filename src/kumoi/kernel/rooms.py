"""Finds rooms that only some folders have, so that declarations need no central list.

A folder of a service or a resource lists in its `__init__.py` the other services that it needs: `NEEDS = ("image",)`.
In a cloud without one of them (see `only`) no room of the folder is found.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Collection
from types import ModuleType

_services: frozenset[str] | None = None
"""None: every service."""


def only(services: Collection[str]) -> None:
    """From here on this process has these services and no others."""
    global _services
    _services = frozenset(services)


def has(service: str) -> bool:
    """Whether this process has a service, by its folder's name."""
    return _services is None or service in _services


def complete(folder: str) -> bool:
    """Whether this process has all services that a folder needs."""
    return all(map(has, needs(folder)))


def needs(folder: str) -> tuple[str, ...]:
    """The services that a folder needs besides its own and identity."""
    return tuple(getattr(importlib.import_module(folder), "NEEDS", ()))


def each(package: str, name: str) -> list[ModuleType]:
    """The modules `<package>/<folder>/<name>.py` that exist, by folder, without those that need absent services."""
    folders = pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}.")
    found = sorted(folder.name for folder in folders if folder.ispkg and complete(folder.name))
    return [
        importlib.import_module(f"{folder}.{name}") for folder in found if importlib.util.find_spec(f"{folder}.{name}")
    ]
