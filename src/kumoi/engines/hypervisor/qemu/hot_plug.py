"""Plugs devices into a running guest, and unplugs them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from kumoi.engines.hypervisor.interface import Nic
from kumoi.engines.hypervisor.qemu import hardware
from kumoi.engines.hypervisor.qemu.hardware import Hardware
from kumoi.engines.hypervisor.qemu.monitor import Monitor, MonitorError, Silent
from kumoi.kernel import clock

RELEASE_SECONDS = 1.5
"""Seconds that a guest gets to release a device before the order is retried; 0.3 is usual."""

Conversation = Callable[[], AbstractContextManager[Monitor]]


def has_disk(qemu: Monitor, name: str) -> bool:
    return hardware.disk_device_id(name) in _devices(qemu)


def plug_disk(qemu: Monitor, machine: Hardware, name: str, path: Path) -> None:
    """Plug a disk, unless it is plugged already. After Silent the disk may be plugged, now or later."""
    if has_disk(qemu, name):
        return
    node = hardware.node_name(name)
    if node not in _nodes(qemu):
        qemu.ask_with("blockdev-add", hardware.block_node(name, path))
    try:
        qemu.ask_with("device_add", hardware.disk_device(machine, name, None))
    except Silent:
        raise
    except MonitorError:
        qemu.ask("blockdev-del", node_name=node)
        raise


def unplug_disk(talk: Conversation, name: str) -> bool:
    """Ask the guest to release a disk. True: it did, and the file is closed."""
    return _unplug(talk, hardware.disk_device_id(name)) and disk_left(talk, name)


def disk_left(talk: Conversation, name: str) -> bool:
    """Whether the guest has released the disk, and close the file if so. Does not ask the guest."""
    if not _gone(talk, hardware.disk_device_id(name)):
        return False
    # The device disappears before it releases its block node.
    return _within(lambda: _close(talk, hardware.node_name(name)))


def _close(talk: Conversation, node: str) -> bool:
    with talk() as qemu:
        if node in _nodes(qemu):
            try:
                qemu.ask("blockdev-del", node_name=node)
            except MonitorError as error:
                if "is in use" not in str(error):
                    raise
                return False
    return True


def has_nic(qemu: Monitor, port_id: str) -> bool:
    return hardware.nic_device_id(port_id) in _devices(qemu)


def plug_nic(qemu: Monitor, machine: Hardware, nic: Nic, descriptor: int | None) -> None:
    """Plug a network card. `descriptor` is that of its tap; None: not connected. Silent as with disks."""
    name = hardware.netdev_id(nic.port_id)
    _forget_netdev(qemu, name)
    if descriptor is None:
        qemu.ask("netdev_add", type="user", id=name, restrict=True)
    else:
        qemu.ask("getfd", descriptor=descriptor, fdname=name)
        qemu.ask("netdev_add", type="tap", id=name, fd=name)
    try:
        qemu.ask_with("device_add", hardware.nic_device(machine, nic))
    except Silent:
        raise
    except MonitorError:
        _forget_netdev(qemu, name)
        raise


def unplug_nic(talk: Conversation, port_id: str) -> bool:
    """Ask the guest to release a network card. True: it did, and the tap is closed."""
    return _unplug(talk, hardware.nic_device_id(port_id)) and nic_left(talk, port_id)


def nic_left(talk: Conversation, port_id: str) -> bool:
    """Whether the guest has released the card, and close the tap if so. Does not ask the guest."""
    if not _gone(talk, hardware.nic_device_id(port_id)):
        return False
    with talk() as qemu:
        _forget_netdev(qemu, hardware.netdev_id(port_id))
    return True


def _unplug(talk: Conversation, device: str) -> bool:
    with talk() as qemu:
        if device not in _devices(qemu):
            return True
        try:
            qemu.ask("device_del", id=device)
        except MonitorError as error:
            if "in the process of unplug" not in str(error):
                raise
    return _within(lambda: _gone(talk, device))


def _gone(talk: Conversation, device: str) -> bool:
    with talk() as qemu:
        return device not in _devices(qemu)


def _within(met: Callable[[], bool]) -> bool:
    """Whether `met` becomes true within RELEASE_SECONDS."""
    deadline = clock.monotonic() + RELEASE_SECONDS
    while not met():
        if clock.monotonic() > deadline:
            return False
        clock.sleep(0.05)
    return True


def _devices(qemu: Monitor) -> set[str]:
    return {entry["name"] for entry in qemu.ask("qom-list", path="/machine/peripheral")}


def _nodes(qemu: Monitor) -> set[str]:
    return {node["node-name"] for node in qemu.ask("query-named-block-nodes", flat=True)}


def _forget_netdev(qemu: Monitor, name: str) -> None:
    try:
        qemu.ask("netdev_del", id=name)
    except MonitorError as error:
        if error.kind != "DeviceNotFound" and "not found" not in str(error):
            raise
