"""Parses addresses and prefixes from clients. Python's parser accepts a zone (`fd00::5%anything`) as part of an
address. A zone names a link of one host, and must not reach tables or engines."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address(text: str) -> Address:
    """ValueError if the text is not an address, or has a zone."""
    return ipaddress.ip_address(_without_zone(text))


def network(text: str, *, strict: bool = False) -> Network:
    """A prefix, or a single address. ValueError if the text is neither, has a zone, or (if `strict`) has host bits."""
    return ipaddress.ip_network(_without_zone(text), strict=strict)


def _without_zone(text: str) -> str:
    if "%" in text:
        raise ValueError(f"{text!r} has a zone, which is of one host only")
    return text
