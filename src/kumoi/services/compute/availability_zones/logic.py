"""The zones of the registered hosts. A zone without hosts does not exist."""

from typing import Any

from kumoi.kernel import clock
from kumoi.kernel.database import Transaction
from kumoi.services.compute.hosts import store as hosts_store
from kumoi.services.compute.services.schemas import BINARY


def zones(tx: Transaction, *, with_hosts: bool) -> list[dict[str, Any]]:
    """As the API shows them: docs.openstack.org/api-ref/compute/#availability-zones-os-availability-zone."""
    by_zone: dict[str, list[dict[str, Any]]] = {}
    for row in hosts_store.every(tx):
        by_zone.setdefault(row["availability_zone"], []).append(row)
    return [
        {
            "zoneName": zone,
            "zoneState": {"available": any(not row["disabled"] for row in rows)},
            "hosts": {row["name"]: {BINARY: _state(row)} for row in rows} if with_hosts else None,
        }
        for zone, rows in sorted(by_zone.items())
    ]


def names(tx: Transaction) -> list[str]:
    return sorted({row["availability_zone"] for row in hosts_store.every(tx)})


def _state(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "active": not row["disabled"],
        "available": row["up"],
        "updated_at": clock.iso_microseconds(row["seen_at"] or row["updated_at"]),
    }
