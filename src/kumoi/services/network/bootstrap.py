"""The external network of a new cloud."""

import ipaddress

from kumoi.kernel.database import Transaction
from kumoi.kernel.settings import Settings
from kumoi.kernel.who import Who
from kumoi.services.identity import facade as identity
from kumoi.services.network.listing import Asked
from kumoi.services.network.networks import logic as networks
from kumoi.services.network.networks import store as networks_store
from kumoi.services.network.subnets import logic as subnets
from kumoi.services.network.subnets.schemas import Pool

ORDER = 30
PHYSICAL_NETWORK = "external"
"""The mapping of every host that connects to this machine's side of the external network."""
RESERVED = 9
"""Addresses below the pool: this machine's (the gateway), and some for the operator."""


def bootstrap(tx: Transaction, settings: Settings, password_hashes: object) -> None:
    """The network `public` with its subnet, if the cloud has no external network."""
    everyone = Who("", project_id="", system=True, roles=frozenset({"admin", "reader"}))
    if networks_store.page(tx, everyone, Asked(filters={"router:external": ["true"]})):
        return
    cidr = ipaddress.IPv4Network(settings.external_cidr)
    owner = identity.find_project(tx, "admin")
    if owner is None:
        raise RuntimeError("there is no project `admin`: identity comes first")
    network = networks.make(
        tx,
        owner.id,
        {
            "name": "public",
            "description": "The way out, and where floating IPs come from",
            "external": True,
            "is_default": True,
            "network_type": "flat",
            "physical_network": PHYSICAL_NETWORK,
        },
    )
    first, last = int(cidr.network_address) + 1, int(cidr.broadcast_address) - 1
    start = min(first + RESERVED, first + max(1, (last - first) // 4))
    subnets.make(
        tx,
        network,
        owner.id,
        {
            "name": "public",
            "ip_version": 4,
            "cidr": str(cidr),
            "gateway_ip": str(ipaddress.IPv4Address(first)),
            "enable_dhcp": False,
            "allocation_pools": [Pool(start=str(ipaddress.IPv4Address(start)), end=str(ipaddress.IPv4Address(last)))],
        },
    )
