"""OpenStack's network_data.json: the description of network cards for a guest."""

from collections.abc import Sequence
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.services.network.facade.ports import Port
from kumoi.services.network.metadata import documents
from kumoi.services.network.subnet_rows import store as subnets_store


def of_ports(tx: Transaction, ports: Sequence[Port]) -> dict[str, Any]:
    """Links, networks and services of these ports, in this order."""
    ids = {subnet_id for port in ports for subnet_id, _, _ in port.fixed_addresses}
    return documents.network_data(ports, subnets_store.by_ids(tx, list(ids)))
