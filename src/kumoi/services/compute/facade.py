"""What other services may call in compute."""

from dataclasses import dataclass

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.compute.flavors import logic as flavors
from kumoi.services.compute.servers.scheduling.choice import traits
from kumoi.services.compute.shortfalls import DISABLED, reasons, summary


@dataclass(frozen=True)
class Question:
    """The resources and traits that a server with a flavor needs from placement."""

    resources: dict[str, int]
    required: list[str]
    forbidden: list[str]


def question(tx: Transaction, who: Who, flavor_id: str, *, local_root: bool) -> Question:
    """FlavorNotFound (404) if the caller may not see the flavor. `local_root`: the root disk is on the host, not a
    volume."""
    flavor = flavors.visible(tx, who, flavor_id)
    required, forbidden = traits(flavor["extra_specs"])
    amounts = {"VCPU": flavor["vcpus"], "MEMORY_MB": flavor["ram"], "DISK_GB": flavor["disk"] if local_root else 0}
    return Question({name: amount for name, amount in amounts.items() if amount}, required, forbidden)


__all__ = ["DISABLED", "Question", "question", "reasons", "summary"]
