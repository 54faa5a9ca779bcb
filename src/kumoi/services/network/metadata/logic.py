"""A network with DHCP has a metadata port, with an address in each IPv4 subnet with DHCP.

Guests without IPv4 reach it at a link-local address, which belongs to no subnet.
"""

from kumoi.kernel import reconcile
from kumoi.kernel.database import Transaction
from kumoi.services.network.addresses import logic as addresses
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.addresses.errors import IpAddressGenerationFailureForSubnet
from kumoi.services.network.network_rows.models import NetworkRow
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import METADATA
from kumoi.services.network.ports import logic as ports
from kumoi.services.network.subnet_rows import store as subnets_store
from kumoi.services.network.subnet_rows.models import SubnetRow

KIND = "network.metadata"


def follow(tx: Transaction, network: NetworkRow) -> None:
    """Make, change or remove the network's metadata port as its subnets are now."""
    served = [subnet for subnet in subnets_store.of_network(tx, network["id"]) if subnet["enable_dhcp"]]
    wanted = [subnet for subnet in served if subnet["ip_version"] == 4]
    found = ports_store.of_network(tx, network["id"], [METADATA])
    if not served:
        ids = [port["id"] for port in found]
        ports_store.delete(tx, ids)
        reconcile.mark(tx, ports.KIND, *ids)
        if ids:
            reconcile.mark(tx, KIND, network["id"])
        return
    if not found:
        wishes = [addresses.Wish(subnet["id"], _address(tx, subnet)) for subnet in wanted]
        ports.make(
            tx, network, project_id=network["project_id"], fixed=wishes, groups=[], device_owner=METADATA,
            device_id=f"ovnmeta-{network['id']}", port_security_enabled=False,
        )  # fmt: skip
        reconcile.mark(tx, KIND, network["id"])
        return
    port_id = found[0]["id"]
    held = addresses_store.of_ports(tx, [port_id]).get(port_id, [])
    now = [pair for pair in held if any(pair[0] == subnet["id"] for subnet in wanted)]
    for subnet in wanted:
        if all(pair[0] != subnet["id"] for pair in now):
            now.append((subnet["id"], _address(tx, subnet)))
    if now != held:
        addresses_store.give(tx, port_id, now, held)
        ports_store.change(tx, port_id)
        reconcile.mark(tx, ports.KIND, port_id)
        reconcile.mark(tx, KIND, network["id"])


def _address(tx: Transaction, subnet: SubnetRow) -> str:
    address = addresses.first_address(tx, subnet)
    if address is None:
        raise IpAddressGenerationFailureForSubnet(subnet["id"])
    return address
