"""`Wiring` by Open vSwitch: taps for guests and veth pairs into namespaces, in the integration bridge of this host."""

import signal
from typing import Any

import msgspec

from kumoi.engines.network.interface import (
    METADATA_ADDRESS,
    METADATA_ADDRESS_V6,
    NetworkError,
    ServedNetwork,
    Silent,
    Translations,
    WiringInventory,
)
from kumoi.engines.network.ovn import connections, devices
from kumoi.engines.network.ovn.names import Names
from kumoi.kernel.accounts import GUEST
from kumoi.kernel.fences import Fence
from kumoi.kernel.processes import CommandFailed, run
from kumoi.kernel.settings import Folder, Settings

WITHIN = 10
"""Seconds that the switch's database has to answer."""


FIRST_NUMBER, NUMBERS = 0x8000, 0x7F00
"""The upper half of OpenFlow's port numbers, which end at 0xff00."""


class OvnWiring:
    """Needs root. Has no state of its own: devices, namespaces and the switch's database are the state."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        self.names = Names(folder, settings)

    def plug(self, fence: Fence, port_id: str, mac: str, mtu: int) -> str:
        tap = self.names.tap(port_id)
        if not devices.link_exists(tap):
            devices.command("ip", "tuntap", "add", "dev", tap, "mode", "tap", "user", GUEST, "vnet_hdr")
        self._connect(tap, port_id, mac, mtu, kind="port", owner=port_id)
        return tap

    def unplug(self, fence: Fence, port_id: str) -> None:
        self._disconnect(self.names.tap(port_id))

    def plugged(self) -> list[str]:
        return sorted(
            owner for name, (kind, owner) in self._interfaces().items() if kind == "port" and devices.link_exists(name)
        )

    def serve_network(self, fence: Fence, network: ServedNetwork) -> str:
        namespace = self.names.namespace(network.network_id)
        device = self.names.metadata_device(network.network_id)
        if not (devices.NAMESPACES / namespace).exists():
            devices.command("ip", "netns", "add", namespace)
        if not devices.link_exists(device):
            devices.command(
                *("ip", "link", "add", device, "type", "veth"),
                *("peer", "name", "eth0", "address", network.mac, "netns", namespace),
            )
        commands = [
            "link set lo up",
            f"link set eth0 address {network.mac} mtu {network.mtu} up",
            f"address replace {METADATA_ADDRESS}/32 dev eth0",
            *([f"address replace {METADATA_ADDRESS_V6}/128 dev eth0 nodad"] if devices.has_ipv6() else []),
            *(f"address replace {address} dev eth0" for address in network.addresses),
        ]
        held = self._addresses(namespace)
        wanted = {f"{METADATA_ADDRESS}/32", *network.addresses}
        commands += [f"address delete {address} dev eth0" for address in sorted(held - wanted)]
        devices.command("ip", "-netns", namespace, "-batch", "-", stdin="\n".join(commands) + "\n")
        self._connect(device, network.port_id, network.mac, network.mtu, kind="network", owner=network.network_id)
        return namespace

    def unserve_network(self, fence: Fence, network_id: str) -> None:
        self._disconnect(self.names.metadata_device(network_id))
        devices.remove_namespace(self.names.namespace(network_id))

    def served_networks(self) -> dict[str, str]:
        connected = {owner for kind, owner in self._interfaces().values() if kind == "network"}
        prefix = self.names.namespace_prefix
        served = {name.removeprefix(prefix): name for name in devices.namespaces(prefix)}
        return {network_id: name for network_id, name in served.items() if network_id in connected}

    def end_connections(self, kept: Translations) -> int:
        return connections.end(self.names.switch_control, kept)

    def inventory(self) -> WiringInventory:
        ports, networks = self.plugged(), self.served_networks()
        expected = {self.names.tap(port_id) for port_id in ports}
        expected |= {self.names.metadata_device(network_id) for network_id in networks}
        expected |= set(networks.values())
        here = {
            *devices.links(self.names.tap_prefix, self.names.metadata_prefix),
            *devices.namespaces(self.names.namespace_prefix),
            *self._interfaces(),
        }
        return WiringInventory(ports=ports, networks=sorted(networks), strays=sorted(here - expected))

    def _connect(self, device: str, port_id: str, mac: str, mtu: int, *, kind: str, owner: str) -> None:
        devices.without_ipv6(device)
        devices.guard(self.names.guard_table, device)
        devices.command("ip", "link", "set", device, "mtu", str(mtu), "up")
        identifiers = {
            "iface-id": port_id,
            "attached-mac": mac,
            "kumoi-kind": kind,
            "kumoi-owner": owner,
        }
        self._switch(
            *("--may-exist", "add-port", self.names.integration_bridge, device),
            *("--", "set", "Interface", device, f"ofport_request={self._number(device)}"),
            *(f'external_ids:{key}="{value}"' for key, value in identifiers.items()),
        )

    def _number(self, device: str) -> int:
        """The port number for a device. A recreated device gets another number.

        If a device is replaced by one with the same name, the switch may continue to read from the old one. A changed
        number makes it open the port again. Numbers in the upper half are free, because the switch assigns numbers from
        below.
        """
        return FIRST_NUMBER + devices.index(device) % NUMBERS

    def _disconnect(self, device: str) -> None:
        self._switch("--if-exists", "del-port", self.names.integration_bridge, device)
        devices.remove_link(device)
        devices.unguard(self.names.guard_table, device)

    def _interfaces(self) -> dict[str, tuple[str, str]]:
        """Device → (kind, owner), for the devices that this wiring added to the bridge."""
        table: dict[str, Any] = msgspec.json.decode(
            self._switch("--format=json", "--columns=name,external_ids", "list", "Interface")
        )
        found = {}
        for name, (_, pairs) in table["data"]:
            identifiers = dict(pairs)
            if "kumoi-kind" in identifiers:
                found[name] = (identifiers["kumoi-kind"], identifiers["kumoi-owner"])
        return found

    def _addresses(self, namespace: str) -> set[str]:
        links: list[dict[str, Any]] = msgspec.json.decode(
            devices.command("ip", "-netns", namespace, "-json", "address", "show", "dev", "eth0", "scope", "global")
        )
        found = [each for link in links for each in link.get("addr_info", []) if "local" in each]
        return {f"{each['local']}/{each['prefixlen']}" for each in found}

    def _switch(self, *arguments: str) -> str:
        # Does not wait for vswitchd: if it is down, it applies its database when it is back. The topology reports
        # whether a port works. The database itself may be starting.
        tool = ("ovs-vsctl", f"--timeout={WITHIN}", "--retry", "--no-wait", f"--db=unix:{self.names.switch_socket}")
        try:
            return run([*tool, *arguments], within=WITHIN + 5)
        except CommandFailed as error:
            if error.status == -signal.SIGALRM:
                raise Silent(f"Open vSwitch's database on this host is silent for {WITHIN} s") from error
            raise NetworkError(f"Open vSwitch on this host does not obey: {error.detail}") from error
