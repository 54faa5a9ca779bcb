"""Asks placement as for a new server, without creating one."""

from dataclasses import dataclass

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.who import Who
from kumoi.services.compute import facade as compute
from kumoi.services.placement import facade as placement


@dataclass(frozen=True)
class Found:
    """`hosts`: name → why not; empty if it fits."""

    shortfall: list[str]
    hosts: dict[str, list[str]]

    @property
    def fits(self) -> bool:
        return any(not reasons for reasons in self.hosts.values())


def ask(
    tx: Transaction, who: Who, flavor: str | None, resources: dict[str, int] | None, required_traits: list[str], *,
    volume_backed: bool,
) -> Found:  # fmt: skip
    if (flavor is None) == (resources is None):
        raise BadRequest("Give either flavor or resources.")
    if flavor is not None:
        asked = compute.question(tx, who, flavor, local_root=not volume_backed)
        resources, required, forbidden = asked.resources, [*asked.required, *required_traits], asked.forbidden
    else:
        required, forbidden = required_traits, [compute.DISABLED]
    assert resources is not None
    short = placement.shortfalls(tx, resources, required, forbidden)
    fitting = placement.candidates(tx, resources, required, forbidden, most_free="MEMORY_MB")
    hosts: dict[str, list[str]] = {each.name: [] for each in fitting}
    hosts.update({each.provider_name: compute.reasons(each) for each in short})
    told = [] if fitting else compute.summary(short) or ["no host has any of it"]
    return Found(told, hosts)
