"""Associates floating IPs with the ports of devices, for callers that know them by address."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.network.facade.errors import (
    FloatingAddressAmbiguous,
    FloatingAddressElsewhere,
    FloatingAddressNotFound,
)
from kumoi.services.network.floating_ips import logic
from kumoi.services.network.floating_ips import store as floating_ips_store
from kumoi.services.network.floating_ips.models import FloatingIpRow
from kumoi.services.network.floating_ips.schemas import FloatingIpUpdate
from kumoi.services.network.port_rows import store as ports_store


def associate(tx: Transaction, who: Who, address: str, port_id: str, fixed_address: str) -> None:
    """Associate it with this address of the port. An existing association is replaced. FloatingAddressNotFound,
    FloatingAddressAmbiguous, and the errors of an update of a floating IP."""
    row = _of_address(tx, who, address)
    logic.update(tx, who, row["id"], FloatingIpUpdate(port_id=port_id, fixed_ip_address=fixed_address), None)


def disassociate(tx: Transaction, who: Who, address: str, device_id: str) -> None:
    """As `associate`. FloatingAddressElsewhere if the address is not associated with the device."""
    row = _of_address(tx, who, address)
    if row["port_id"] not in [port["id"] for port in ports_store.of_servers(tx, [device_id])]:
        raise FloatingAddressElsewhere(address, device_id)
    logic.update(tx, who, row["id"], FloatingIpUpdate(port_id=None), None)


def _of_address(tx: Transaction, who: Who, address: str) -> FloatingIpRow:
    found = [row for row in floating_ips_store.of_address(tx, address) if who.sees(row["project_id"])]
    if not found:
        raise FloatingAddressNotFound(address)
    if len(found) > 1:
        raise FloatingAddressAmbiguous(address)
    return found[0]
