"""Which class carries out which interface, by a setting: one table for the control plane, the agent and the tests."""

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kumoi.engines.hypervisor.interface import Hypervisor
from kumoi.engines.images.interface import ImageStore
from kumoi.engines.network.interface import Topology, Wiring
from kumoi.engines.objects.interface import ObjectStore
from kumoi.engines.volumes.interface import Volumes
from kumoi.kernel.settings import Settings


@dataclass(frozen=True)
class Implementations:
    """`setting`: the field of Settings that selects; None: there is only one implementation, named "". `classes`: value
    of the setting → `module:Class`, imported when it is selected."""

    setting: str | None
    classes: Mapping[str, str]


TABLE: dict[type[Any], Implementations] = {
    Hypervisor: Implementations(
        "hypervisor",
        {
            "qemu": "kumoi.engines.hypervisor.qemu.hypervisor:QemuHypervisor",
            "fake": "kumoi.engines.hypervisor.fake:FakeHypervisor",
        },
    ),
    Volumes: Implementations(
        "hypervisor",
        {"qemu": "kumoi.engines.volumes.files:FileVolumes", "fake": "kumoi.engines.volumes.fake:FakeVolumes"},
    ),
    Wiring: Implementations(
        "network",
        {"ovn": "kumoi.engines.network.ovn.wiring:OvnWiring", "fake": "kumoi.engines.network.fake.wiring:FakeWiring"},
    ),
    Topology: Implementations(
        "network",
        {
            "ovn": "kumoi.engines.network.ovn.topology:OvnTopology",
            "fake": "kumoi.engines.network.fake.topology:FakeTopology",
        },
    ),
    ObjectStore: Implementations(None, {"": "kumoi.engines.objects.disk:DiskObjects"}),
    ImageStore: Implementations(None, {"": "kumoi.engines.images.files:FileImages"}),
}


class Incomplete(TypeError):
    """A class does not carry out its interface; the text names each method."""


def implementation(interface: type[Any], settings: Settings) -> type[Any]:
    """The class that the settings choose; Incomplete when it lacks a method."""
    known = TABLE[interface]
    return load(interface, known.classes[getattr(settings, known.setting) if known.setting else ""])


def load(interface: type[Any], path: str) -> type[Any]:
    """The class at `module:Class`, once it is sure to be complete."""
    module, _, name = path.partition(":")
    found: type[Any] = getattr(importlib.import_module(module), name)
    check(interface, found)
    return found


def check(interface: type[Any], implementation: type[Any]) -> None:
    """Incomplete unless the class has every method of the Protocol with the same parameters and types. The agent calls
    methods by name."""
    problems = []
    for name, method in inspect.getmembers(interface, inspect.isfunction):
        if name.startswith("_"):
            continue
        wanted, offered = inspect.signature(method, eval_str=True), getattr(implementation, name, None)
        if not callable(offered):
            problems.append(f"{name}{wanted} is missing")
        elif _parameters(found := inspect.signature(offered, eval_str=True)) != _parameters(wanted):
            problems.append(f"{name}{found} should be {name}{wanted}")
    if problems:
        raise Incomplete(f"{implementation.__qualname__} is no {interface.__name__}: {'; '.join(problems)}")


def _parameters(signature: inspect.Signature) -> list[tuple[str, Any, Any, Any]]:
    parameters = [(each.name, each.kind, each.default, each.annotation) for each in signature.parameters.values()]
    return [*parameters[1:], ("return", None, None, signature.return_annotation)]
