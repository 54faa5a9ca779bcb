"""Conversions to OVN's formats, without OVN."""

import msgspec
import pytest

from kumoi.engines.network.interface import DhcpOption, HostRoute, NetworkSpec, SecurityRule, SubnetSpec
from kumoi.engines.network.ovn import dhcp, security_groups

GROUP = "11111111-2222-3333-4444-555555555555"
PORTS = "@pg_11111111_2222_3333_4444_555555555555"
FRIENDS = "aaaaaaaa-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"direction": "ingress", "ethertype": "IPv4"}, f"outport == {PORTS} && ip4"),
        ({"direction": "egress", "ethertype": "IPv6"}, f"inport == {PORTS} && ip6"),
        (
            {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_min": 22, "port_max": 22},
            f"outport == {PORTS} && ip4 && tcp && tcp.dst == 22",
        ),
        (
            {"direction": "egress", "ethertype": "IPv4", "protocol": "17", "port_min": 1, "port_max": 9},
            f"inport == {PORTS} && ip4 && udp && udp.dst >= 1 && udp.dst <= 9",
        ),
        (
            {"direction": "egress", "ethertype": "IPv4", "remote_prefix": "192.0.2.7/24"},
            f"inport == {PORTS} && ip4 && ip4.dst == 192.0.2.0/24",
        ),
        ({"direction": "ingress", "ethertype": "IPv6", "remote_prefix": "::/0"}, f"outport == {PORTS} && ip6"),
        (
            {"direction": "ingress", "ethertype": "IPv4", "protocol": "ICMP", "port_min": 8, "port_max": 0},
            f"outport == {PORTS} && ip4 && icmp4 && icmp4.type == 8 && icmp4.code == 0",
        ),
        (
            {"direction": "ingress", "ethertype": "IPv6", "protocol": "icmp", "remote_group_id": FRIENDS},
            f"outport == {PORTS} && ip6 && ip6.src == $pg_aaaaaaaa_2222_3333_4444_555555555555_ip6 && icmp6",
        ),
        (
            {"direction": "ingress", "ethertype": "IPv4", "protocol": "vrrp"},
            f"outport == {PORTS} && ip4 && ip.proto == 112",
        ),
        (
            {"direction": "ingress", "ethertype": "IPv4", "protocol": "89"},
            f"outport == {PORTS} && ip4 && ip.proto == 89",
        ),
        (
            {"direction": "ingress", "ethertype": "IPv4", "protocol": "006", "port_min": 22, "port_max": 22},
            f"outport == {PORTS} && ip4 && tcp && tcp.dst == 22",
        ),
        ({"direction": "ingress", "ethertype": "IPv4", "protocol": "00"}, f"outport == {PORTS} && ip4"),
    ],
)
def test_rules(fields: dict[str, object], said: str) -> None:
    assert security_groups.match(GROUP, msgspec.convert({"id": "r", **fields}, SecurityRule)) == said


@pytest.mark.parametrize(
    ("protocol", "port", "is_expressible"),
    [
        ("dccp", 5, False),
        ("136", 5, False),
        ("dccp", None, True),
        ("tcp", 5, True),
        ("017", 5, True),
        ("ICMP", 8, True),
    ],
)
def test_rules_that_ovn_cannot_say_allow_nothing(protocol: str, port: int | None, is_expressible: bool) -> None:
    fields = {"id": "r", "direction": "ingress", "ethertype": "IPv4", "protocol": protocol, "port_min": port}
    assert security_groups.expressible(msgspec.convert(fields, SecurityRule)) is is_expressible


def test_a_subnets_dhcp() -> None:
    subnet = SubnetSpec(
        id="s",
        cidr="10.0.0.0/24",
        gateway="10.0.0.1",
        dns_servers=["9.9.9.9"],
        host_routes=[HostRoute("192.0.2.0/24", "10.0.0.9")],
        metadata_address="10.0.0.2",
    )
    network = NetworkSpec(id="n", mtu=1400, dns_domain="a.example.")
    options = dhcp.options(network, subnet)
    assert options is not None
    assert (
        options["classless_static_route"] == "{192.0.2.0/24,10.0.0.9, 169.254.169.254/32,10.0.0.2, 0.0.0.0/0,10.0.0.1}"
    )
    assert (options["mtu"], options["router"], options["domain_name"]) == ("1400", "10.0.0.1", '"a.example"')
    assert dhcp.options(network, msgspec.structs.replace(subnet, enable_dhcp=False)) is None
    alone = dhcp.options(network, SubnetSpec(id="s", cidr="10.0.0.0/24"))
    assert alone is not None and "router" not in alone and "classless_static_route" not in alone


def test_options_that_a_tenant_writes_cannot_leave_their_place() -> None:
    """They become part of a flow's text, so each is a number, addresses, or quoted."""
    wanted = [
        DhcpOption("mtu", "1; drop"),
        DhcpOption("dns-server", "9.9.9.9}; output; {"),
        DhcpOption("bootfile-name", '"); output; ("'),
        DhcpOption("26", "1300"),
        DhcpOption("ntp_server", "192.0.2.1, 192.0.2.2"),
        DhcpOption("no-such", "x"),
        DhcpOption("router", "fd00::1%}; output; {"),
        DhcpOption("log-server", "fd00::1"),
        DhcpOption("lease-time", "٣٠٠"),
        DhcpOption("dns-server", "192.0.2.3", 6),
    ]
    assert dhcp.translate(wanted) == {
        "bootfile_name": '"\\"); output; (\\""',
        "mtu": "1300",
        "ntp_server": "{192.0.2.1, 192.0.2.2}",
    }
