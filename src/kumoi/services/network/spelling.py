"""Normalizes addresses, prefixes and MACs, for comparisons, filters and the topology. Rows keep what clients wrote."""

import re

from kumoi.kernel import ip

_MAC = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2}){5}")


def address(text: str) -> str:
    """The normalized address. Other texts are returned unchanged."""
    try:
        return str(ip.address(text))
    except ValueError:
        return text


def prefix(text: str) -> str:
    """The prefix without host bits; a single address as an address. Other texts are returned unchanged."""
    if "/" not in text:
        return address(text)
    try:
        return str(ip.network(text))
    except ValueError:
        return text


def mac(text: str) -> str:
    """In lower case with colons. Other texts are returned unchanged."""
    lower = text.lower()
    return lower.replace("-", ":") if _MAC.fullmatch(lower) else text
