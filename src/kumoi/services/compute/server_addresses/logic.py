"""Reading a server's addresses."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import NotFound
from kumoi.kernel.who import Who
from kumoi.services.compute.servers.logic import changes
from kumoi.services.network.facade import ports


def show(tx: Transaction, who: Who, server_id: str) -> dict[str, list[dict[str, Any]]]:
    """Network name → {version, addr}, floating addresses too."""
    changes.visible(tx, who, server_id)
    found: dict[str, list[dict[str, Any]]] = {}
    for port in ports.of_devices(tx, [server_id]).get(server_id, []):
        on = found.setdefault(port.network_name, [])
        for _, address, version in port.fixed_addresses:
            on.append({"version": version, "addr": address})
            on += [{"version": 4, "addr": floating} for floating in port.floating.get(address, ())]
    return found


def on(tx: Transaction, who: Who, server_id: str, network: str) -> list[dict[str, Any]]:
    found = show(tx, who, server_id)
    if network not in found:
        raise NotFound("Instance is not a member of specified network")
    return found[network]
