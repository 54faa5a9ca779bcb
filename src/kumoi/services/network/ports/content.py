"""Checks the fields of a port's body and converts them to columns, without reading tables."""

import re
from collections.abc import Sequence
from typing import Any

from kumoi.kernel import ip
from kumoi.services.network import bodies, spelling
from kumoi.services.network.addresses.logic import Wish
from kumoi.services.network.errors import InvalidInput
from kumoi.services.network.port_rows.models import (
    ACTIVE,
    DOWN,
    FLOATING_IP,
    METADATA,
    NOT_PLUGGED,
    ROUTER_INTERFACE,
    UNKNOWN,
    PortDetails,
    PortRow,
)
from kumoi.services.network.ports import schemas
from kumoi.services.network.ports.errors import UnsupportedVnicType

_MAC = re.compile(r"^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$")
_HOST_NAME = re.compile(
    r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?$", re.IGNORECASE
)
MOST_PAIRS = 100
MOST_OPTIONS = 100


def of_body(values: dict[str, Any], row: PortRow | None = None) -> dict[str, Any]:
    """Columns of the fields that depend on no other row. `row`: the port before an update."""
    columns: dict[str, Any] = {n: values[n] for n in ("name", "description", "admin_state_up") if n in values}
    if "host" in values:
        columns["host"] = values["host"] or ""
    if values.get("vnic_type") not in (None, "normal"):
        raise UnsupportedVnicType(values["vnic_type"])
    if "binding_profile" in values:
        columns["binding_profile"] = values["binding_profile"] or None
    if "dns_name" in values:
        if values["dns_name"] and not _HOST_NAME.fullmatch(values["dns_name"]):
            raise InvalidInput(f"dns_name: '{values['dns_name'][:64]}' is not a valid host name")
        columns["dns_name"] = values["dns_name"]
    if "extra_dhcp_opts" in values:
        held = (row["extra_dhcp_opts"] if row else None) or []
        columns["extra_dhcp_opts"] = _options(values["extra_dhcp_opts"] or [], held) or None
    if row is None and "allowed_address_pairs" in values:
        columns["allowed_address_pairs"] = values["allowed_address_pairs"]
    return columns


def changed(row: PortDetails, values: dict[str, Any]) -> dict[str, Any]:
    """The values that differ from the row."""
    held: dict[str, Any] = {
        **row,
        "fixed_ips": [{"subnet_id": subnet_id, "ip_address": address} for subnet_id, address in row["fixed_ips"]],
        "allowed_address_pairs": row["allowed_address_pairs"] or [],
        "binding_profile": row["binding_profile"] or {},
    }
    kept = {}
    for name, value in values.items():
        if name == "security_groups":
            same = sorted(value or ()) == row["security_groups"]
        elif name in ("device_id", "device_owner", "host"):
            same = (value or "") == held[name]
        elif name in ("fixed_ips", "allowed_address_pairs"):
            same = bodies.plain(value or []) == held[name]
        else:
            same = name in held and value == held[name]
        if not same:
            kept[name] = value
    return kept


def must_fit_owner(row: PortRow, values: dict[str, Any]) -> None:
    """Ports of routers, floating IPs and metadata are changed only through those, except descriptive fields."""
    if row["device_owner"] not in (*NOT_PLUGGED, METADATA):
        return
    free = {"name", "description", "admin_state_up", "dns_name"}
    if row["device_owner"] == ROUTER_INTERFACE:
        free.add("fixed_ips")
    for name in values:
        if name not in free:
            raise InvalidInput(f"{name}: cannot be changed, the port belongs to {row['device_owner']}")


def wishes(fixed_ips: Sequence[schemas.FixedIp] | None) -> list[Wish] | None:
    return None if fixed_ips is None else [Wish(one.subnet_id, one.ip_address) for one in fixed_ips]


def secured(of_network: bool, values: dict[str, Any]) -> bool:
    """Whether a new port gets the default security group if the request has none. `of_network`: whether its network has
    port security."""
    owner = values.get("device_owner") or ""
    return bool(values.get("port_security_enabled", of_network)) and not owner.startswith("network:")


def first_status(device_owner: str) -> str:
    if device_owner == FLOATING_IP:
        return UNKNOWN
    return ACTIVE if device_owner in (*NOT_PLUGGED, METADATA) else DOWN


def pairs_of(pairs: Sequence[Any] | None, port_mac: str) -> list[dict[str, Any]] | None:
    """Allowed address pairs as stored: as the client wrote them, each with a MAC."""
    if not pairs:
        return None
    if len(pairs) > MOST_PAIRS:
        raise InvalidInput(f"allowed_address_pairs: Exceeded maximum amount of {MOST_PAIRS} pairs")
    kept: list[dict[str, Any]] = []
    met: set[tuple[str, str]] = set()
    for pair in map(bodies.plain, pairs):
        one = {"mac_address": pair.get("mac_address") or port_mac, "ip_address": pair["ip_address"]}
        key = mac(one["mac_address"]), _range(one["ip_address"])
        if key in met:
            raise InvalidInput(
                f"allowed_address_pairs: Request contains duplicate address pair: {one['mac_address']} "
                f"{one['ip_address']}"
            )
        met.add(key)
        kept.append(one)
    return kept


def mac(text: str) -> str:
    """In lower case with colons. A port may not have a multicast address."""
    lower = text.lower()
    if not _MAC.fullmatch(lower) or int(lower[:2], 16) & 1 or lower == "00:00:00:00:00:00":
        raise InvalidInput(f"mac_address: '{text[:32]}' is not a valid MAC address")
    return spelling.mac(lower)


def _range(text: str) -> str:
    try:
        ip.network(text)
    except ValueError:
        raise InvalidInput(f"allowed_address_pairs: '{text[:64]}' is not a valid IP address or CIDR") from None
    return spelling.prefix(text)


def _options(asked: Sequence[schemas.ExtraDhcpOption], held: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The held options, changed by the requested ones; None removes an option."""
    kept = {(option["opt_name"], int(option["ip_version"])): option["opt_value"] for option in held}
    for option in asked:
        key = (option.opt_name, int(option.ip_version))
        if option.opt_value is None:
            kept.pop(key, None)
        elif not option.opt_value.strip():
            raise InvalidInput(f"extra_dhcp_opts: the value of {option.opt_name} is blank")
        else:
            kept[key] = option.opt_value
    if len(kept) > MOST_OPTIONS:
        raise InvalidInput(f"extra_dhcp_opts: there would be {len(kept)} options; a port has at most {MOST_OPTIONS}")
    return [{"opt_name": name, "opt_value": value, "ip_version": version} for (name, version), value in kept.items()]
