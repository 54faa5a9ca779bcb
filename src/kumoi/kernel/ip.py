"""IP addresses and prefixes that clients write. Python's own parser also takes a zone (`fd00::5%anything`), which it keeps
as part of the address: a zone names a link of one host, and must reach neither tables nor engines."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address(text: str) -> Address:
    """ValueError for what is no address, or has a zone."""
    return ipaddress.ip_address(_without_zone(text))


def network(text: str, *, strict: bool = False) -> Network:
    """A prefix, or a single address. ValueError for what is none, or has a zone, or, if `strict`, has host bits."""
    return ipaddress.ip_network(_without_zone(text), strict=strict)


def _without_zone(text: str) -> str:
    if "%" in text:
        raise ValueError(f"{text!r} has a zone, which is of one host only")
    return text
