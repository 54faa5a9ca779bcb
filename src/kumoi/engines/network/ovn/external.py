"""Connects a host to the external network: its own address in it, and the route to the outside."""

import ipaddress
from pathlib import Path
from typing import Any

import msgspec

from kumoi.engines.network.interface import NetworkError
from kumoi.engines.network.ovn import devices
from kumoi.engines.network.ovn.names import Names, stable_mac
from kumoi.kernel.settings import Settings

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


def check(names: Names, settings: Settings) -> None:
    """NetworkError naming the setting that this machine cannot follow."""
    _check_free(names, external_network(settings))
    card = settings.external_interface
    if card and not devices.link_exists(card):
        raise NetworkError(f"external_interface: this machine has no network card {card}")


def attach(names: Names, settings: Settings) -> None:
    """Create a pair of devices, one in the external bridge, and one with the first address of `external_cidr`. Packets
    that leave the external network get this machine's address. IP forwarding is enabled and stays enabled."""
    network = external_network(settings)
    here, there = names.external_here, names.external_there
    if not devices.link_exists(here):
        # A gateway router remembers this address for long: it is the same after each start.
        mac = stable_mac(settings.cloud_id, "external")
        devices.command("ip", "link", "add", here, "address", mac, "type", "veth", "peer", "name", there)
    for device in (here, there):
        devices.without_ipv6(device)
    address = f"{next(network.hosts())}/{network.prefixlen}"
    devices.command("ip", "address", "replace", address, "dev", here)
    for device in (here, there):
        devices.command("ip", "link", "set", device, "up")
    devices.guard(names.guard_table, there)
    _masquerade(names, network)
    if FORWARDING.read_text().strip() != "1":
        FORWARDING.write_text("1\n")


def detach(names: Names) -> None:
    devices.remove_link(names.external_here)
    devices.remove_link(names.external_there)
    devices.remove_table("ip", names.nat_table)


def external_network(settings: Settings) -> ipaddress.IPv4Network:
    """NetworkError naming the setting when it is no IPv4 network with room for guests."""
    try:
        network = ipaddress.IPv4Network(settings.external_cidr)
    except ValueError as error:
        raise NetworkError(f"external_cidr: {error}") from error
    if network.prefixlen > 29:
        raise NetworkError(f"external_cidr: {network} has too few addresses; /29 is the smallest")
    return network


def _check_free(names: Names, network: ipaddress.IPv4Network) -> None:
    links: list[dict[str, Any]] = msgspec.json.decode(devices.command("ip", "-json", "-4", "address", "show"))
    for link in links:
        for address in link.get("addr_info", []):
            other = ipaddress.IPv4Network(f"{address['local']}/{address['prefixlen']}", strict=False)
            if link["ifname"] != names.external_here and other.overlaps(network):
                raise NetworkError(
                    f"external_cidr: {network} overlaps {other}, which device {link['ifname']} of this machine has; "
                    "choose another with --set external_cidr=…"
                )


def _masquerade(names: Names, network: ipaddress.IPv4Network) -> None:
    table = f"ip {names.nat_table}"
    devices.command(
        "nft",
        "-f",
        "-",
        stdin=f"""add table {table}
delete table {table}
table {table} {{
  chain leaving {{
    type nat hook postrouting priority srcnat;
    ip saddr {network} oifname != "{names.external_here}" masquerade
  }}
}}
""",
    )
