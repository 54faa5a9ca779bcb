"""Records whether hosts answer and what they have, and updates placement."""

from typing import Any

from kumoi.engines.hypervisor.interface import Host
from kumoi.engines.volumes.interface import Capacity
from kumoi.kernel.database import Transaction
from kumoi.services.compute.hosts import store
from kumoi.services.compute.hosts.models import CELL, ZONE
from kumoi.services.placement import facade as placement
from kumoi.services.placement.facade import Inventory

CPU_RATIO = {"tcg": 4.0}
"""vCPUs per CPU, by accelerator. An emulated vCPU needs more processor time."""
USUAL_CPU_RATIO = 16.0
MEMORY_RATIO = 1.5
RESERVED_MEMORY_MIB = 512
"""Reserved for the host itself."""


def register(tx: Transaction, name: str, found: Host, capacity: Capacity) -> None:
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
    offer(tx, row)


def silent(tx: Transaction, name: str) -> None:
    """The host did not answer. After some time without answers, no new servers are placed on it."""
    row = store.find_by_name(tx, name)
    if row is not None and row["answers"] and not row["up"]:
        store.update(tx, row["id"], answers=False)
        offer(tx, {**row, "answers": False})


def offer(tx: Transaction, row: dict[str, Any]) -> None:
    """Placement's provider of the host, with inventories and traits as the row has them. The ratios are those of a new
    host only: what an admin has set stays."""
    held = placement.ratios(tx, row["id"])
    ratio = held.get("VCPU", CPU_RATIO.get(row["accelerator"], USUAL_CPU_RATIO))
    memory = max(row["memory_mib"], 1)
    inventories = {
        # A guest may have more vCPUs than the host has CPUs. It is only slower.
        "VCPU": Inventory(row["vcpus"], allocation_ratio=ratio, max_unit=max(int(row["vcpus"] * ratio), 1)),
        "MEMORY_MB": Inventory(
            memory,
            reserved=min(RESERVED_MEMORY_MIB, memory // 2),
            allocation_ratio=held.get("MEMORY_MB", MEMORY_RATIO),
            max_unit=memory,
        ),
    }
    if row["disk_gib"] > 0:
        inventories["DISK_GB"] = Inventory(
            row["disk_gib"], allocation_ratio=held.get("DISK_GB", 1.0), max_unit=row["disk_gib"]
        )
    refuses = row["disabled"] or row["forced_down"] or not row["answers"]
    features = [f"HW_CPU_X86_{str(feature).upper()}" for feature in row["cpu"].get("features", [])]
    traits = [*placement.known_traits(tx, features), *([placement.DISABLED] if refuses else [])]
    placement.ensure_provider(tx, row["id"], row["name"], inventories, traits)


def hosts_by_id(tx: Transaction) -> dict[str, str]:
    """Placement provider → host name."""
    return {row["id"]: row["name"] for row in store.every(tx)}
