"""The virtual machine that a guest sees: slots, names, and QEMU's arguments for each device."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from kumoi.engines.hypervisor.interface import (
    MOST_CARDS,
    MOST_DISKS,
    Disk,
    GuestDevice,
    GuestSpec,
    HypervisorError,
    Nic,
)

MACHINE = "pc-i440fx-7.2"
"""Pinned: a saved memory fits only the machine that it was saved from."""

ROOT = "root"
RESCUE = "rescue"
LETTERS = "abcdefghijklmnopqrstuvwxyz"

# The PCI bus has slots 0 to 31; host bridge, ISA bridge, screen and random numbers hold 0 to 3.
DISK_SLOTS = range(0x04, 0x04 + MOST_DISKS)
NIC_SLOTS = range(DISK_SLOTS.stop, DISK_SLOTS.stop + MOST_CARDS)
CONFIG_DRIVE_SLOT = NIC_SLOTS.stop


class Hardware(msgspec.Struct, frozen=True):
    """The devices that QEMU was started with or that were plugged later. Saved memory can be restored only with exactly
    these."""

    machine: str
    accelerator: str
    cpu: str
    disk_slots: dict[str, int]
    """`root`, `rescue` or volume id → PCI slot. The guest names its disks in the order of slots, when it boots."""
    nic_slots: dict[str, int]
    letters: dict[str, str]
    """`root` or volume id → the letter after /dev/vd that the guest probably uses."""

    def with_disk(self, name: str) -> "Hardware":
        """Add a disk; HypervisorError if no slot is free."""
        slot = _free(DISK_SLOTS, self.disk_slots.values(), "disk")
        letter = next(letter for letter in LETTERS if letter not in self.letters.values())
        return msgspec.structs.replace(
            self, disk_slots={**self.disk_slots, name: slot}, letters={**self.letters, name: letter}
        )

    def without_disk(self, name: str) -> "Hardware":
        return msgspec.structs.replace(
            self, disk_slots=_without(self.disk_slots, name), letters=_without(self.letters, name)
        )

    def with_nic(self, port_id: str) -> "Hardware":
        """Add a network card; HypervisorError if no slot is free."""
        slot = _free(NIC_SLOTS, self.nic_slots.values(), "network card")
        return msgspec.structs.replace(self, nic_slots={**self.nic_slots, port_id: slot})

    def without_nic(self, port_id: str) -> "Hardware":
        return msgspec.structs.replace(self, nic_slots=_without(self.nic_slots, port_id))

    def device_name(self, name: str) -> str:
        return f"/dev/vd{self.letters[name]}"


def _free(slots: Iterable[int], taken: Iterable[int], what: str) -> int:
    taken = set(taken)
    for slot in slots:
        if slot not in taken:
            return slot
    raise HypervisorError(f"the guest has no free slot for another {what}")


def _without(entries: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in entries.items() if key != name}


def lay_out(spec: GuestSpec, accelerator: str, cpu: str) -> Hardware:
    """The machine for a cold boot: disks and network cards in the order of the specification, boot disk first."""
    hardware = Hardware(MACHINE, accelerator, cpu, {}, {}, {})
    names = [*([ROOT] if spec.root else []), *(disk.volume_id for disk in boot_order(spec))]
    if spec.rescue:
        names.insert(len(names) if spec.rescue.last else 0, RESCUE)
    for name in names:
        hardware = hardware.with_disk(name)
    for nic in spec.nics:
        hardware = hardware.with_nic(nic.port_id)
    return hardware


def boot_order(spec: GuestSpec) -> list[Disk]:
    """The volumes of a guest, those to boot from first."""
    return sorted(spec.disks, key=lambda d: (d.boot_index is None or d.boot_index < 0, d.boot_index or 0))


def tagged(spec: GuestSpec, hardware: Hardware) -> list[GuestDevice]:
    """The devices of a guest that have tags, network cards first, and where they are plugged."""
    cards = [
        GuestDevice("nic", [nic.tag], "pci", _address(hardware.nic_slots[nic.port_id]), mac=nic.mac)
        for nic in spec.nics
        if nic.tag is not None and nic.port_id in hardware.nic_slots
    ]
    tags = [(ROOT, spec.root.tag)] if spec.root else []
    tags += [(disk.volume_id, disk.tag) for disk in boot_order(spec)]
    disks = [
        GuestDevice(
            "disk", [tag], "pci", _address(hardware.disk_slots[name]), serial=_serial(name),
            path=hardware.device_name(name),
        )
        for name, tag in tags
        if tag is not None and name in hardware.disk_slots
    ]  # fmt: skip
    return cards + disks


def _address(slot: int) -> str:
    return f"0000:00:{slot:02x}.0"


def _serial(name: str) -> str | None:
    """The first 20 bytes of the id, the length that virtio supports. Disks of images have none."""
    return None if name in (ROOT, RESCUE) else name[:20]


def node_name(name: str) -> str:
    """The name of a disk's block node; QEMU allows 31 bytes."""
    return "n" + hashlib.sha256(name.encode()).hexdigest()[:24]


def disk_device_id(name: str) -> str:
    return f"disk-{name}"


def nic_device_id(port_id: str) -> str:
    return f"nic-{port_id}"


def block_node(name: str, path: Path) -> dict[str, Any]:
    """`blockdev-add`'s arguments for a qcow2 disk. Space that the guest discards is freed."""
    return {
        "node-name": node_name(name),
        "driver": "qcow2",
        "discard": "unmap",
        "detect-zeroes": "unmap",
        "file": {"driver": "file", "filename": str(path), "discard": "unmap"},
    }


def disk_device(hardware: Hardware, name: str, boot_index: int | None) -> dict[str, Any]:
    """`device_add`'s arguments. The guest finds the volume in /dev/disk/by-id by the start of its id."""
    device: dict[str, Any] = {
        "driver": "virtio-blk-pci",
        "id": disk_device_id(name),
        "drive": node_name(name),
        "bus": "pci.0",
        "addr": f"{hardware.disk_slots[name]:#x}",
    }
    if serial := _serial(name):
        device["serial"] = serial
    if boot_index is not None and boot_index >= 0:
        device["bootindex"] = boot_index
    return device


def nic_device(hardware: Hardware, nic: Nic) -> dict[str, Any]:
    """`device_add`'s arguments, without a boot ROM, because guests boot from their disks."""
    return {
        "driver": "virtio-net-pci",
        "id": nic_device_id(nic.port_id),
        "netdev": netdev_id(nic.port_id),
        "mac": nic.mac,
        "host_mtu": nic.mtu,
        "romfile": "",
        "bus": "pci.0",
        "addr": f"{hardware.nic_slots[nic.port_id]:#x}",
    }


def netdev_id(port_id: str) -> str:
    return f"net-{port_id}"
