"""OVN's DHCP options as rows: one for each subnet, and one for each port with options of its own."""

import ipaddress
import json

import msgspec

from kumoi.engines.network.interface import METADATA_ADDRESS, DhcpOption, NetworkSpec, SubnetSpec
from kumoi.engines.network.ovn.names import stable_mac
from kumoi.engines.network.ovn.rows import Row, Rows, row_id
from kumoi.kernel import ip

LEASE = 43200
"""Seconds."""
TABLE = "DHCP_Options"

# Name or number as Neutron's users write it → OVN's name.
_OPTIONS4 = {
    "netmask": "netmask",
    "1": "netmask",
    "router": "router",
    "3": "router",
    "dns-server": "dns_server",
    "6": "dns_server",
    "log-server": "log_server",
    "7": "log_server",
    "lpr-server": "lpr_server",
    "9": "lpr_server",
    "hostname": "hostname",
    "12": "hostname",
    "domain-name": "domain_name",
    "15": "domain_name",
    "swap-server": "swap_server",
    "16": "swap_server",
    "default-ttl": "default_ttl",
    "23": "default_ttl",
    "mtu": "mtu",
    "26": "mtu",
    "ntp-server": "ntp_server",
    "42": "ntp_server",
    "lease-time": "lease_time",
    "51": "lease_time",
    "tftp-server": "tftp_server",
    "66": "tftp_server",
    "bootfile-name": "bootfile_name",
    "67": "bootfile_name",
    "domain-search": "domain_search_list",
    "119": "domain_search_list",
    "tftp-server-address": "tftp_server_address",
    "server-ip-address": "tftp_server_address",
    "150": "tftp_server_address",
    "path-prefix": "path_prefix",
    "210": "path_prefix",
    "wpad": "wpad",
    "252": "wpad",
}
_OPTIONS6 = {"dns-server": "dns_server", "23": "dns_server", "domain-search": "domain_search", "24": "domain_search"}
_NUMBERS = {"default_ttl", "mtu", "lease_time"}
_TEXTS = {"hostname", "domain_name", "domain_search_list", "domain_search", "bootfile_name", "path_prefix", "wpad"}


def put_subnet(rows: Rows, network: NetworkSpec, subnet: SubnetSpec) -> None:
    """The row of a subnet; none when it has no DHCP."""
    answer = options(network, subnet)
    if answer is None:
        drop_subnet(rows, subnet.id)
        return
    identifiers = {"kumoi:kind": "subnet", "kumoi:id": subnet.id, "kumoi:network": network.id}
    cidr = str(ipaddress.ip_network(subnet.cidr, strict=False))
    rows.put(TABLE, row_id("subnet", subnet.id), cidr=cidr, options=answer, external_ids=identifiers)


def drop_subnet(rows: Rows, subnet_id: str) -> None:
    row = rows.find(TABLE, row_id("subnet", subnet_id))
    if row is not None:
        rows.delete(row)


def columns_of_port(rows: Rows, port_id: str, subnet_ids: list[str], wanted: list[DhcpOption]) -> dict[str, list[Row]]:
    """`dhcpv4_options` and `dhcpv6_options` of a port with addresses on these subnets."""
    found: dict[int, Row] = {}
    for subnet_id in subnet_ids:
        row = rows.find(TABLE, row_id("subnet", subnet_id))
        if row is not None:
            found.setdefault(ipaddress.ip_network(row.cidr).version, row)
    columns: dict[str, list[Row]] = {}
    for version in (4, 6):
        row = found.get(version)
        own = row_id("port-dhcp", port_id, str(version))
        more = {} if row is None else translate([each for each in wanted if each.ip_version == version])
        if more:
            assert row is not None
            identifiers = {"kumoi:kind": "port-dhcp", "kumoi:id": port_id}
            row = rows.put(TABLE, own, cidr=row.cidr, options={**row.options, **more}, external_ids=identifiers)
        else:
            drop_row(rows, own)
        columns[f"dhcpv{version}_options"] = [] if row is None else [row]
    return columns


def drop_port(rows: Rows, port_id: str) -> None:
    for version in ("4", "6"):
        drop_row(rows, row_id("port-dhcp", port_id, version))


def drop_row(rows: Rows, identifier: object) -> None:
    row = rows.find(TABLE, identifier)  # type: ignore[arg-type]
    if row is not None:
        rows.delete(row)


def encode(options: list[DhcpOption]) -> str:
    return msgspec.json.encode(options).decode()


def decode(text: str) -> list[DhcpOption]:
    return msgspec.json.decode(text, type=list[DhcpOption])


def options(network: NetworkSpec, subnet: SubnetSpec) -> dict[str, str] | None:
    """The DHCP options of a subnet in OVN's format; None: the subnet has no DHCP."""
    if not subnet.enable_dhcp:
        return None
    if ipaddress.ip_network(subnet.cidr, strict=False).version == 6:
        return _options6(network, subnet)
    return _options4(network, subnet)


def _options4(network: NetworkSpec, subnet: SubnetSpec) -> dict[str, str]:
    first = str(next(ipaddress.IPv4Network(subnet.cidr, strict=False).hosts()))
    options = {
        "server_id": subnet.gateway or subnet.metadata_address or first,
        "server_mac": stable_mac("dhcp", subnet.id),
        "lease_time": str(LEASE),
        "mtu": str(network.mtu),
    }
    routes = [(route.destination, route.nexthop) for route in subnet.host_routes]
    if subnet.metadata_address is not None:
        routes.append((f"{METADATA_ADDRESS}/32", subnet.metadata_address))
    if subnet.gateway is not None:
        options["router"] = subnet.gateway
        # A client that receives classless routes ignores the router option.
        if routes and "0.0.0.0/0" not in [destination for destination, _ in routes]:
            routes.append(("0.0.0.0/0", subnet.gateway))
    if routes:
        pairs = ", ".join(f"{destination},{nexthop}" for destination, nexthop in routes)
        options["classless_static_route"] = f"{{{pairs}}}"
    if subnet.dns_servers:
        options["dns_server"] = f"{{{', '.join(subnet.dns_servers)}}}"
    if network.dns_domain:
        options["domain_name"] = json.dumps(network.dns_domain.rstrip("."))
    return options


def _options6(network: NetworkSpec, subnet: SubnetSpec) -> dict[str, str] | None:
    if subnet.ipv6_address_mode not in ("dhcpv6-stateful", "dhcpv6-stateless"):
        return None
    options = {"server_id": stable_mac("dhcp", subnet.id)}
    if subnet.dns_servers:
        options["dns_server"] = f"{{{', '.join(subnet.dns_servers)}}}"
    if network.dns_domain:
        options["domain_search"] = json.dumps(network.dns_domain.rstrip("."))
    if subnet.ipv6_address_mode == "dhcpv6-stateless":
        options["dhcpv6_stateless"] = "true"
    return options


def translate(wanted: list[DhcpOption]) -> dict[str, str]:
    """Convert to OVN's format. Invalid values are dropped, because they would become text in a flow."""
    options = {}
    for option in wanted:
        name = (_OPTIONS4 if option.ip_version == 4 else _OPTIONS6).get(option.name.replace("_", "-").lower())
        if name is None:
            continue
        if name in _TEXTS:
            options[name] = json.dumps(option.value)
        elif name in _NUMBERS:
            if option.value.isascii() and option.value.isdecimal():
                options[name] = option.value
        else:
            values = [value.strip() for value in option.value.strip("{} ").split(",")]
            if all(_is_address(value, option.ip_version) for value in values):
                options[name] = values[0] if len(values) == 1 else f"{{{', '.join(values)}}}"
            elif name == "tftp_server":
                options[name] = json.dumps(option.value)
    return options


def _is_address(text: str, version: int) -> bool:
    try:
        return ip.address(text).version == version
    except ValueError:
        return False
