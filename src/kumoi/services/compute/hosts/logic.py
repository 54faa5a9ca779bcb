"""Records whether hosts answer and what they have, and updates placement."""

import math
from collections.abc import Mapping
from typing import Any

from kumoi.engines.hypervisor.interface import Host
from kumoi.engines.volumes.interface import Capacity
from kumoi.kernel.database import Transaction
from kumoi.kernel.settings import Settings
from kumoi.services.compute.hosts import store
from kumoi.services.compute.hosts.models import CELL, ZONE
from kumoi.services.compute.shortfalls import DISABLED
from kumoi.services.placement import facade as placement
from kumoi.services.placement.facade import Inventory

CPU_RATIO = {"tcg": 4.0}
"""vCPUs per CPU, by accelerator. An emulated vCPU needs more processor time."""
USUAL_CPU_RATIO = 16.0
MEMORY_RATIO = 1.5
DISK_RATIO = 1.0


def register(tx: Transaction, settings: Settings, name: str, found: Host, capacity: Capacity) -> None:
    """Record a host's report. Updates placement if its capacity has changed."""
    says = {
        "vcpus": found.vcpus, "memory_mib": found.memory_mib, "disk_gib": int(capacity.total_gib),
        "hypervisor_type": found.hypervisor_type, "hypervisor_version": found.hypervisor_version,
        "accelerator": found.accelerator, "cpu": found.cpu,
    }  # fmt: skip
    row = store.find_by_name(tx, name)
    if row is None:
        store.insert(
            tx, id=tx.new_uuid(), name=name, cell_id=CELL, availability_zone=ZONE, disabled=False,
            disabled_reason=None, forced_down=False, answers=True, **says,
        )  # fmt: skip
    elif not row["answers"] or any(row[field] != value for field, value in says.items()):
        store.update(tx, row["id"], answers=True, **says)
    row = store.find_by_name(tx, name)
    assert row is not None
    store.beat(tx, row["id"], capacity.free_gib)
    _offer(tx, row, _inventories(tx, row, settings))


def silent(tx: Transaction, name: str) -> None:
    """The host did not answer. After some time without answers, no new servers are placed on it."""
    row = store.find_by_name(tx, name)
    if row is not None and row["answers"] and not row["up"]:
        store.update(tx, row["id"], answers=False)
        offer(tx, {**row, "answers": False})


def offer(tx: Transaction, row: dict[str, Any]) -> None:
    """Tell placement that the host takes new guests, or takes none, as the row says; its inventories stay."""
    _offer(tx, row, placement.inventories(tx, [row["id"]]).get(row["id"], {}))


def _offer(tx: Transaction, row: dict[str, Any], inventories: Mapping[str, Inventory]) -> None:
    """Placement's provider of the host, with traits as the row has them."""
    refuses = row["disabled"] or row["forced_down"] or not row["answers"]
    features = [f"HW_CPU_X86_{str(feature).upper()}" for feature in row["cpu"].get("features", [])]
    traits = [*placement.known_traits(tx, features), *([DISABLED] if refuses else [])]
    placement.ensure_provider(tx, row["id"], row["name"], inventories, traits)


def _inventories(tx: Transaction, row: dict[str, Any], settings: Settings) -> dict[str, Inventory]:
    """The host's inventory for placement. The ratio of the settings has precedence. Without one, a new host gets the
    default ratio, and later changes by an admin stay."""
    held = placement.inventories(tx, [row["id"]]).get(row["id"], {})

    def ratio(name: str, set_to: float, usual: float) -> float:
        return set_to or (held[name].allocation_ratio if name in held else usual)

    cpus = ratio("VCPU", settings.cpu_allocation_ratio, CPU_RATIO.get(row["accelerator"], USUAL_CPU_RATIO))
    memory, disk = max(row["memory_mib"], 1), row["disk_gib"]
    found = {
        # A guest may have more vCPUs than the host has CPUs: it is slower then, not impossible.
        "VCPU": Inventory(
            row["vcpus"],
            reserved=min(settings.reserved_host_cpus, row["vcpus"]),
            allocation_ratio=cpus,
            max_unit=max(int(row["vcpus"] * cpus), 1),
        ),
        "MEMORY_MB": Inventory(
            memory,
            reserved=min(settings.reserved_host_memory_mb, memory),
            allocation_ratio=ratio("MEMORY_MB", settings.ram_allocation_ratio, MEMORY_RATIO),
            max_unit=memory,
        ),
    }
    if disk > 0:
        found["DISK_GB"] = Inventory(
            disk,
            reserved=min(math.ceil(settings.reserved_host_disk_mb / 1024), disk),
            allocation_ratio=ratio("DISK_GB", settings.disk_allocation_ratio, DISK_RATIO),
            max_unit=disk,
        )
    return found


def hosts_by_id(tx: Transaction) -> dict[str, str]:
    """Placement provider → host name."""
    return {row["id"]: row["name"] for row in store.every(tx)}
