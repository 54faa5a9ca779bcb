"""Rooms that exist in some folders only: what a resource declares there is found, and listed nowhere."""

import importlib
import importlib.util
import pkgutil
from types import ModuleType


def each(package: str, name: str) -> list[ModuleType]:
    """The modules `<package>/<folder>/<name>.py` that exist, by folder."""
    folders = pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}.")
    found = sorted(f"{folder.name}.{name}" for folder in folders if folder.ispkg)
    return [importlib.import_module(room) for room in found if importlib.util.find_spec(room)]
