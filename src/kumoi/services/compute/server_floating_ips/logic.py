"""Associates floating IPs with a server's addresses."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, translated
from kumoi.kernel.who import Who
from kumoi.services.compute import words
from kumoi.services.compute.servers.logic import changes
from kumoi.services.network.facade import floating_ips, ports


def add(tx: Transaction, who: Who, server_id: str, address: str, fixed_address: str | None) -> None:
    """With the given address, or with the server's first IPv4 address."""
    changes.own(tx, who, server_id)
    cards = ports.of_devices(tx, [server_id]).get(server_id, [])
    held = [(card.id, fixed, version) for card in cards for _, fixed, version in card.fixed_addresses]
    if not held:
        raise BadRequest("No fixed IPs associated to instance")
    fitting = [
        (port_id, fixed)
        for port_id, fixed, version in held
        if (fixed == fixed_address if fixed_address else version == 4)
    ]
    if not fitting:
        raise BadRequest(
            "Specified fixed address not assigned to instance" if fixed_address
            else f"Unable to associate floating IP {address}: instance {server_id} has no fixed IPv4 addresses."
        )  # fmt: skip
    with translated(words.OF_FLOATING_IPS):
        floating_ips.associate(tx, who, address, *fitting[0])


def remove(tx: Transaction, who: Who, server_id: str, address: str) -> None:
    changes.own(tx, who, server_id)
    with translated(words.OF_FLOATING_IPS):
        floating_ips.disassociate(tx, who, address, server_id)
