"""The agent's methods: read from the annotations of each engine Protocol, so that server and client are generic."""

import inspect
import sys
from dataclasses import dataclass
from typing import Any, get_type_hints

import msgspec

from kumoi.engines.hypervisor.interface import Hypervisor
from kumoi.engines.network.interface import Wiring
from kumoi.engines.volumes.interface import Volumes
from kumoi.kernel.fences import Fence, Stale

DEADLINE = 60.0
"""Default deadline of a call, in seconds."""

AT_ONCE = 10.0
"""Seconds for methods that only read local state. A host that takes longer counts as silent."""
PROMPT = {
    ("hypervisor", "host"),
    ("hypervisor", "uptime"),
    ("hypervisor", "password"),
    ("hypervisor", "cards"),
    ("hypervisor", "disks"),
    ("volumes", "capacity"),
}

SLOW = {
    ("volumes", "prepare_base"): 1800.0,
    ("volumes", "create"): 600.0,
    ("volumes", "snapshot"): 1800.0,
    ("volumes", "back_up"): 1800.0,
    ("volumes", "restore"): 1800.0,
    ("volumes", "export"): 1800.0,
    ("hypervisor", "start"): 300.0,
    ("hypervisor", "suspend"): 300.0,
    ("hypervisor", "keep_root"): 1800.0,
    ("hypervisor", "copy_root"): 3600.0,
}
"""Seconds, for methods that move as many bytes as a guest has."""

SHARED = {("volumes", "prepare_base")}
"""Methods that create nothing of their subject's own and may take long. Other orders for the subject (its deletion) do
not wait for them."""


@dataclass(frozen=True)
class Method:
    """One method of a Protocol on the wire: a JSON object of arguments, and a JSON value as result."""

    name: str
    signature: inspect.Signature
    arguments: type[msgspec.Struct]
    result: Any
    fenced: bool
    holds: bool
    """Whether other orders for the same subject wait for it."""
    within: float


@dataclass(frozen=True)
class Concern:
    """A Protocol of an engine, with the errors that its module declares."""

    name: str
    protocol: type
    methods: dict[str, Method]
    errors: dict[str, type[Exception]]


def describe(name: str, protocol: type) -> Concern:
    """Read a Protocol: its public methods, the types of their arguments and results, the errors beside it."""
    methods = {
        method: _describe_method(name, method, function)
        for method, function in inspect.getmembers(protocol, inspect.isfunction)
        if not method.startswith("_")
    }
    beside = [each for each in vars(sys.modules[protocol.__module__]).values() if inspect.isclass(each)]
    # Errors that a module only imports, and base classes of its errors, are not raised by its engines.
    own = [each for each in beside if issubclass(each, Exception) and each.__module__ == protocol.__module__]
    errors = {error.__name__: error for error in own}
    return Concern(name, protocol, methods, {**errors, Stale.__name__: Stale})


def _describe_method(concern: str, name: str, function: Any) -> Method:
    hints = get_type_hints(function)
    result = hints.pop("return")
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    fields: list[Any] = [
        (p.name, hints[p.name]) if p.default is p.empty else (p.name, hints[p.name], p.default) for p in parameters
    ]
    return Method(
        name=name,
        signature=signature.replace(parameters=parameters),
        arguments=msgspec.defstruct(f"{concern}_{name}", fields, frozen=True, forbid_unknown_fields=True, kw_only=True),
        result=result,
        holds=(concern, name) not in SHARED,
        fenced=bool(parameters) and hints[parameters[0].name] is Fence,
        within=AT_ONCE if (concern, name) in PROMPT else SLOW.get((concern, name), DEADLINE),
    )


CONCERNS = {
    "hypervisor": describe("hypervisor", Hypervisor),
    "volumes": describe("volumes", Volumes),
    "wiring": describe("wiring", Wiring),
}


def concern_of(protocol: type) -> Concern:
    """The concern that a Protocol is."""
    return next(concern for concern in CONCERNS.values() if concern.protocol is protocol)
