"""OpenStack's network_data.json: the description of network cards for guests."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from kumoi.kernel import resolvers
from kumoi.services.network.addresses.logic import is_automatic
from kumoi.services.network.subnet_rows.models import SubnetRow


class Card(Protocol):
    """The part of facade.Port that it contains."""

    @property
    def id(self) -> str: ...
    @property
    def network_id(self) -> str: ...
    @property
    def mac(self) -> str: ...
    @property
    def mtu(self) -> int: ...
    @property
    def fixed_addresses(self) -> tuple[tuple[str, str, int], ...]: ...


def network_data(cards: Iterable[Card], subnets: Mapping[str, SubnetRow]) -> dict[str, Any]:
    """{links, networks, services}; `subnets`: id → row, for each address of the cards."""
    links: list[dict[str, Any]] = []
    networks: list[dict[str, Any]] = []
    services: list[dict[str, str]] = []
    for card in cards:
        name = f"tap{card.id[:11]}"
        links.append(
            {
                "id": name,
                "vif_id": card.id,
                "type": "ovs",
                "mtu": card.mtu,
                "ethernet_mac_address": card.mac,
            }
        )
        for subnet_id, address, _ in card.fixed_addresses:
            subnet = subnets[subnet_id]
            networks.append(_network(f"network{len(networks)}", name, card.network_id, address, subnet))
            for server in _name_servers(subnet):
                service = {"type": "dns", "address": server}
                if service not in services:
                    services.append(service)
    return {"links": links, "networks": networks, "services": services}


def _network(name: str, link: str, network_id: str, address: str, subnet: SubnetRow) -> dict[str, Any]:
    told: dict[str, Any] = {"id": name, "link": link, "network_id": network_id}
    version = subnet["ip_version"]
    if subnet["enable_dhcp"] and version == 4:
        return {**told, "type": "ipv4_dhcp"}
    if subnet["enable_dhcp"] and is_automatic(subnet):
        return {**told, "type": f"ipv6_{subnet['ipv6_address_mode']}"}
    if subnet["enable_dhcp"] and subnet["ipv6_address_mode"] == "dhcpv6-stateful":
        return {**told, "type": "ipv6_dhcpv6-stateful"}
    network = ipaddress.ip_network(subnet["cidr"])
    routes = [_route(route["destination"], route["nexthop"]) for route in subnet["host_routes"] or ()]
    if subnet["gateway_ip"]:
        routes.insert(0, _route("0.0.0.0/0" if version == 4 else "::/0", subnet["gateway_ip"]))
    return {
        **told,
        "type": f"ipv{version}",
        "ip_address": address,
        "netmask": str(network.netmask),
        "routes": routes,
        "services": [{"type": "dns", "address": server} for server in _name_servers(subnet)],
    }


def _name_servers(subnet: SubnetRow) -> list[str]:
    return subnet["dns_nameservers"] or resolvers.of_guests(subnet["ip_version"])


def _route(destination: str, gateway: str) -> dict[str, str]:
    network = ipaddress.ip_network(destination, strict=False)
    return {"network": str(network.network_address), "netmask": str(network.netmask), "gateway": gateway}
