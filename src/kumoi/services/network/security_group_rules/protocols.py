"""IP protocols by their names in security group rules (IANA's protocol numbers)."""

NUMBERS = {
    "ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "hopopt": 0, "icmp": 1, "icmpv6": 58, "igmp": 2, "ip": 0,
    "ipip": 4, "ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58, "ipv6-nonxt": 59, "ipv6-opts": 60,
    "ipv6-route": 43, "ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132, "tcp": 6, "udp": 17, "udplite": 136,
    "vrrp": 112,
}  # fmt: skip
ETHERTYPES = {"ipv4": "IPv4", "ipv6": "IPv6"}
ONLY_IPV6 = {number for name, number in NUMBERS.items() if "v6" in name}
WITH_PORTS = {NUMBERS[name] for name in ("sctp", "tcp", "udp")}
"""OVN cannot compare ports of dccp and udplite."""
ICMP = {1, 58}


def number(protocol: str | None, ethertype: str) -> int | None:
    """The number of a protocol name or number; None: any. `icmp` in an IPv6 rule is ICMPv6. ValueError if unknown."""
    if protocol is None:
        return None
    if protocol.isascii() and protocol.isdecimal():
        found = int(protocol)
        if found > 255:
            raise ValueError(protocol)
    elif protocol in NUMBERS:
        found = NUMBERS[protocol]
    else:
        raise ValueError(protocol)
    return 58 if found == 1 and ethertype == "IPv6" else found
