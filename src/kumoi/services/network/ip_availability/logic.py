"""Counting the addresses of networks."""

import ipaddress
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.who import Who
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.errors import NetworkNotFound
from kumoi.services.network.listing import Asked
from kumoi.services.network.network_rows.models import NetworkRow
from kumoi.services.network.networks import store as networks_store
from kumoi.services.network.subnet_rows import store as subnets_store
from kumoi.services.network.subnet_rows.models import SubnetRow

FILTERS = {"network_id": "id", "network_name": "name", "tenant_id": "project_id", "project_id": "project_id"}


def index(tx: Transaction, who: Who, asked: Asked) -> list[dict[str, Any]]:
    version = asked.filters.pop("ip_version", None)
    unknown = sorted(set(asked.filters) - set(FILTERS))
    if unknown:
        raise BadRequest(f"{unknown} is invalid attribute for filtering")
    asked.filters = {FILTERS[name]: values for name, values in asked.filters.items()}
    return _counted(tx, networks_store.page(tx, who, asked), version)


def show(tx: Transaction, network_id: str) -> dict[str, Any]:
    row = networks_store.find(tx, network_id)
    if row is None:
        raise NetworkNotFound(network_id)
    return _counted(tx, [row], None)[0]


def _counted(tx: Transaction, rows: list[NetworkRow], version: list[str] | None) -> list[dict[str, Any]]:
    ids = [row["id"] for row in rows]
    on = subnets_store.of_networks(tx, ids)
    used = addresses_store.counts(tx, ids) if ids else {}
    found = []
    for row in rows:
        parts: list[dict[str, Any]] = [
            {
                "subnet_id": subnet["id"],
                "subnet_name": subnet["name"],
                "cidr": subnet["cidr"],
                "ip_version": subnet["ip_version"],
                "total_ips": _total(subnet),
                "used_ips": used.get(subnet["id"], 0),
            }
            for subnet in on.get(row["id"], ())
            if version is None or str(subnet["ip_version"]) in version
        ]
        found.append(
            {
                "network_id": row["id"],
                "network_name": row["name"],
                "tenant_id": row["project_id"],
                "project_id": row["project_id"],
                "total_ips": sum(part["total_ips"] for part in parts),
                "used_ips": sum(part["used_ips"] for part in parts),
                "subnet_ip_availability": parts,
            }
        )
    return found


def _total(subnet: SubnetRow) -> int:
    return sum(
        int(ipaddress.ip_address(pool["end"])) - int(ipaddress.ip_address(pool["start"])) + 1
        for pool in subnet["allocation_pools"]
    )
