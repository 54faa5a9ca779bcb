"""The name servers of guests whose subnet has none."""

import ipaddress
from pathlib import Path

from kumoi.kernel import ip
from kumoi.kernel.settings import Settings

FILES = (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf"))
"""Files with a host's name servers. systemd's file contains the servers behind its stub on loopback."""
MOST = 3
"""The number of name servers that resolver libraries use."""


_settings: Settings | None = None


def use(settings: Settings) -> None:
    """Set the settings that `of_guests` uses in this process. Without it, there are no name servers."""
    global _settings
    _settings = settings


def of_guests(version: int) -> list[str]:
    """As `default`, by the settings of this process's cloud, and this host's resolvers of now."""
    return default(_settings, version) if _settings is not None else []


def default(settings: Settings, version: int) -> list[str]:
    """Addresses of an IP version: `dns_servers`, or this host's name servers that are not on loopback."""
    if settings.dns_servers == "none":
        return []
    found = settings.dns_servers.replace(",", " ").split() or of_host()
    return list(dict.fromkeys(text for text in found if ipaddress.ip_address(text).version == version))[:MOST]


def of_host() -> list[str]:
    for file in FILES:
        try:
            lines = file.read_text(errors="replace").splitlines()
        except OSError:
            continue
        words = [line.split() for line in lines]
        named = [parts[1] for parts in words if len(parts) > 1 and parts[0] == "nameserver"]
        if found := [text for text in named if _reached_by_guests(text)]:
            return found
    return []


def _reached_by_guests(text: str) -> bool:
    try:
        address = ip.address(text)
    except ValueError:
        # also an address with a zone, which is of one link
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast)
