"""Why no host fits, in sentences. Placement gives the facts."""

from collections.abc import Sequence

from kumoi.services.placement.facade import Lack, Shortfall

DISABLED = "COMPUTE_STATUS_DISABLED"
"""The trait of a host that takes no new servers: an admin disabled it, or it does not answer."""
UNITS = {"VCPU": "vCPUs", "MEMORY_MB": "MiB of memory", "DISK_GB": "GiB of disk"}


def reasons(short: Shortfall) -> list[str]:
    """One sentence a reason."""
    return _traits(short) + [_of(lack) for lack in short.lacks]


def summary(short: Sequence[Shortfall], refused: Sequence[Sequence[str]] = ()) -> list[str]:
    """The same without the names of hosts, for users who do not see them: how many hosts lack each thing, and the smallest
    amount by which. `refused`: the reasons of each host that has room but does not suit for others."""
    told, every = [], len(short) + len(refused)
    for name in dict.fromkeys(lack.resource_class for each in short for lack in each.lacks if lack.missing):
        lacking = [
            lack.missing for each in short for lack in each.lacks if lack.resource_class == name and lack.missing
        ]
        told.append(f"{_counted(len(lacking), every)}: at least {amount_of(name, min(lacking))} short")
    for reason in dict.fromkeys(reason for each in short for reason in _traits(each)):
        told.append(f"{_counted(sum(reason in _traits(each) for each in short), every)}: {reason}")
    for reason in dict.fromkeys(reason for each in refused for reason in each):
        told.append(f"{_counted(sum(reason in each for each in refused), every)}: {reason}")
    return told


def amount_of(resource_class: str, amount: int) -> str:
    """`512 MiB of memory`."""
    unit = UNITS.get(resource_class, resource_class)
    return f"{amount} {unit}" if amount != 1 else f"{amount} {unit.replace('vCPUs', 'vCPU')}"


def _of(lack: Lack) -> str:
    if lack.capacity is None:
        return f"{lack.resource_class}: has none"
    if lack.units is not None:
        return lack.units
    return f"{amount_of(lack.resource_class, lack.missing)} short ({lack.free} free of {lack.capacity})"


def _traits(short: Shortfall) -> list[str]:
    has = [
        "disabled, or it does not answer" if trait == DISABLED else f"has the trait {trait}"
        for trait in short.forbidden
    ]
    return has + [f"lacks the trait {trait}" for trait in short.required]


def _counted(some: int, of: int) -> str:
    return ("the only host" if of == 1 else f"all {of} hosts") if some == of else f"{some} of {of} hosts"
