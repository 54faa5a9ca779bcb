"""Checks who may create, change and delete which ports, and updates what depends on them."""

from collections.abc import Sequence
from typing import Any

from kumoi.kernel import quotas, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.who import Who
from kumoi.services.network import ownership, standard_attributes
from kumoi.services.network.addresses import logic as addresses
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.bodies import given
from kumoi.services.network.errors import InvalidInput, PortNotFound, ServicePortInUse
from kumoi.services.network.listing import Asked
from kumoi.services.network.network_rows.models import NetworkRow
from kumoi.services.network.networks import logic as networks
from kumoi.services.network.networks import store as networks_store
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import (
    ACTIVE,
    DOWN,
    METADATA,
    NO_CARD,
    NOT_PLUGGED,
    OF_ROUTERS,
    ROUTER_INTERFACE,
    SERVERS,
    PortDetails,
    PortRow,
    readdressing,
    removal,
)
from kumoi.services.network.ports import content, schemas
from kumoi.services.network.ports.errors import (
    AddressPairAndPortSecurityRequired,
    MacAddressGenerationFailure,
    MacAddressInUse,
    PortBound,
    PortInUse,
    PortSecurityAndIPRequiredForSecurityGroups,
    PortSecurityPortHasSecurityGroup,
)
from kumoi.services.network.security_groups import logic as security_groups
from kumoi.services.network.security_groups import models as security_group_models
from kumoi.services.network.security_groups import store as groups_store
from kumoi.services.network.security_groups.errors import (
    SecurityGroupConflict,
    SecurityGroupInUse,
    SecurityGroupNotFound,
)
from kumoi.services.network.subnet_rows import store as subnets_store
from kumoi.services.network.tags import store as tags_store

LIST_QUERY = ports_store.LISTING.query

KIND = "network.port"
FLOATING_IP_KIND = "network.floating_ip"
ROUTER_KIND = "network.router"
FOR_ADMINS = {"host": "binding:host_id", "binding_profile": "binding:profile"}
FOR_NETWORK_OWNERS = {
    "mac_address": "mac_address",
    "port_security_enabled": "port_security_enabled",
    "allowed_address_pairs": "allowed_address_pairs",
}


def create(tx: Transaction, who: Who, asked: Sequence[schemas.PortCreate]) -> list[PortDetails]:
    made = []
    for one in asked:
        values = given(one)
        network = networks.find(tx, who, one.network_id)
        project_id = ownership.project_of(who, values)
        networks.must_use(who, network, "create_port")
        _allowed(who, network, values, "create_port")
        quotas.take(tx, "network", project_id, {"port": 1})
        groups = values.get("security_groups")
        if groups:
            _must_exist(tx, who, project_id, groups)
        if groups is None and content.secured(network["port_security_enabled"], values):
            groups = [security_groups.ensure_default(tx, project_id)["id"]]
        made.append(
            make(
                tx,
                network,
                project_id=project_id,
                fixed=content.wishes(values.get("fixed_ips", None)),
                groups=groups or [],
                mac=values.get("mac_address"),
                device_id=values.get("device_id") or "",
                device_owner=values.get("device_owner") or "",
                port_security_enabled=values.get("port_security_enabled", network["port_security_enabled"]),
                **content.of_body(values),
            )
        )
        if values.get("tags"):
            tags_store.add(tx, made[-1]["id"], values["tags"])
            made[-1]["tags"] = sorted(set(values["tags"]))
    return made


def make(
    tx: Transaction,
    network: NetworkRow,
    *,
    project_id: str,
    fixed: Sequence[addresses.Wish] | None,
    groups: Sequence[str],
    mac: str | None = None,
    device_id: str = "",
    device_owner: str = "",
    port_security_enabled: bool = True,
    allowed_address_pairs: list[dict[str, Any]] | None = None,
    **values: Any,
) -> PortDetails:
    """A port as it is written down and marked for the topology; no rights, no quota: callers have seen to them."""
    if groups and not port_security_enabled:
        raise PortSecurityAndIPRequiredForSecurityGroups()
    if allowed_address_pairs and not port_security_enabled:
        raise AddressPairAndPortSecurityRequired()
    network_id = network["id"]
    mac = _free_mac(tx, network_id) if mac is None else _wished_mac(tx, network_id, mac)
    on_network = subnets_store.of_network(tx, network_id)
    wanted = addresses.choose(tx, network_id, on_network, mac, fixed, device_owner=device_owner)
    row = standard_attributes.fresh(
        tx,
        PortRow,
        project_id,
        **{
            "name": "", "admin_state_up": True, "host": "", "vnic_type": "normal", "binding_profile": None,
            "extra_dhcp_opts": None, "dns_name": "", "made_for_server": False, "device_tag": None,
            "device_position": NO_CARD, **values,
        },
        network_id=network_id,
        mac_address=mac,
        status=content.first_status(device_owner),
        device_id=device_id,
        device_owner=device_owner,
        port_security_enabled=port_security_enabled,
        allowed_address_pairs=content.pairs_of(allowed_address_pairs, mac),
    )  # fmt: skip
    ports_store.insert(tx, row)
    addresses_store.give(tx, row["id"], wanted)
    ports_store.set_groups(tx, row["id"], groups, new=True)
    if device_owner not in NOT_PLUGGED:
        reconcile.mark(tx, KIND, row["id"])
    return {**row, "fixed_ips": wanted, "security_groups": sorted(groups), "tags": []}


def index(tx: Transaction, who: Who, asked: Asked) -> list[PortDetails]:
    return ports_store.page(tx, who, asked)


def show(tx: Transaction, who: Who, port_id: str) -> PortDetails:
    return ports_store.detailed(tx, [find(tx, who, port_id)])[0]


def find(tx: Transaction, who: Who, port_id: str) -> PortRow:
    row = ports_store.find_visible(tx, who, port_id)
    if row is None:
        raise PortNotFound(port_id)
    return row


def update(tx: Transaction, who: Who, port_id: str, asked: schemas.PortUpdate, if_match: str | None) -> PortDetails:
    row = show(tx, who, port_id)
    ownership.must_own(who, row, "update_port")
    standard_attributes.expect_revision(row, if_match)
    network = networks_store.find(tx, row["network_id"])
    assert network is not None
    values = content.changed(row, given(asked))
    _allowed(who, network, values, "update_port")
    content.must_fit_owner(row, values)
    if row["device_position"] != NO_CARD and ("device_id" in values or "device_owner" in values):
        raise PortInUse(port_id, row["network_id"], row["device_id"])
    if "security_groups" in values:
        _must_exist(tx, who, row["project_id"], values["security_groups"] or [])
    columns = content.of_body(values, row)
    columns.update({name: values[name] or "" for name in ("device_id", "device_owner") if name in values})
    columns.update({name: values[name] for name in ("port_security_enabled",) if name in values})
    mac = row["mac_address"]
    if "mac_address" in values:
        if row["host"] and row["device_owner"].startswith("compute:"):
            raise PortBound(port_id, row["device_owner"])
        wished = values["mac_address"]
        mac = _free_mac(tx, row["network_id"]) if wished is None else _wished_mac(tx, row["network_id"], wished)
        columns["mac_address"] = mac
    groups = (values["security_groups"] or []) if "security_groups" in values else row["security_groups"]
    secured = columns.get("port_security_enabled", row["port_security_enabled"])
    pairs = values.get("allowed_address_pairs", row["allowed_address_pairs"])
    if not secured and groups:
        if "security_groups" in values:
            raise PortSecurityAndIPRequiredForSecurityGroups()
        raise PortSecurityPortHasSecurityGroup()
    if not secured and pairs:
        raise AddressPairAndPortSecurityRequired()
    if "allowed_address_pairs" in values or mac != row["mac_address"]:
        columns["allowed_address_pairs"] = content.pairs_of(pairs, mac)
    if "fixed_ips" in values:
        readdress(tx, row, content.wishes(values["fixed_ips"]) or (), mac)
    if "security_groups" in values:
        ports_store.set_groups(tx, port_id, groups)
    if values:
        if columns.get("host") == "" and row["status"] == ACTIVE:
            columns["status"] = DOWN
        ports_store.change(tx, port_id, **columns)
        mark(tx, row)
        mark_server(tx, row)
        if "host" in columns:
            mark_metadata(tx, {row["network_id"]})
    return show(tx, who, port_id)


def delete(tx: Transaction, who: Who, port_id: str, if_match: str | None) -> None:
    row = find(tx, who, port_id)
    if not ownership.owns(who, row):
        network = networks_store.find(tx, row["network_id"])
        assert network is not None
        ownership.must_own(who, network, "delete_port")
    standard_attributes.expect_revision(row, if_match)
    if row["device_owner"] in (*NOT_PLUGGED, METADATA):
        raise ServicePortInUse(port_id, f"has device owner {row['device_owner']}")
    remove(tx, [row])
    mark_server(tx, row)


def remove(tx: Transaction, rows: Sequence[PortRow]) -> None:
    """Delete the ports, whoever uses them, and disassociate their floating IPs."""
    ids = [row["id"] for row in rows]
    removal.run(tx, ids)
    ports_store.delete(tx, ids)
    reconcile.mark(tx, KIND, *(row["id"] for row in rows if row["device_owner"] not in NOT_PLUGGED))
    mark_metadata(tx, {row["network_id"] for row in rows if row["host"]})


def mark(tx: Transaction, row: PortRow) -> None:
    """Mark the port, or the router that it is part of, as dirty."""
    if row["device_owner"] in OF_ROUTERS:
        reconcile.mark(tx, ROUTER_KIND, row["device_id"])
    elif row["device_owner"] not in NOT_PLUGGED:
        reconcile.mark(tx, KIND, row["id"])


def mark_server(tx: Transaction, row: PortRow) -> None:
    """If the port is a server's card: mark the server for compute, because the port was changed or deleted."""
    if row["device_position"] != NO_CARD:
        reconcile.mark(tx, SERVERS, row["device_id"])


def mark_servers(tx: Transaction, port_ids: Sequence[str | None]) -> None:
    for row in ports_store.by_ids(tx, [port_id for port_id in port_ids if port_id]).values():
        mark_server(tx, row)


def mark_metadata(tx: Transaction, network_ids: set[str]) -> None:
    """Hosts that hold ports of these networks have changed: metadata is answered where ports are."""
    for network_id in sorted(network_ids):
        if ports_store.of_network(tx, network_id, [METADATA]):
            reconcile.mark(tx, networks.METADATA_KIND, network_id)


def _allowed(who: Who, network: NetworkRow, values: dict[str, Any], action: str) -> None:
    ownership.only_admin(who, {n: v for n, v in values.items() if v not in ("", None, {})}, action, FOR_ADMINS)
    owner = str(values.get("device_owner") or "")
    if owner in (*NOT_PLUGGED, METADATA):
        raise InvalidInput(f"device_owner: {owner} is set by the service that makes such ports")
    if ownership.owns(who, network):
        return
    for field, name in FOR_NETWORK_OWNERS.items():
        if values.get(field) is not None and not (
            field == "port_security_enabled" and values[field] is network["port_security_enabled"]
        ):
            raise PolicyForbids(f"{action}:{name}")
    if owner.startswith("network:"):
        raise PolicyForbids(f"{action}:device_owner")
    if any(fixed.ip_address for fixed in values.get("fixed_ips") or ()):
        raise PolicyForbids(f"{action}:fixed_ips:ip_address")


def _must_exist(tx: Transaction, who: Who, project_id: str, group_ids: Sequence[str]) -> None:
    if len(set(group_ids)) < len(group_ids):
        raise InvalidInput("security_groups: there are duplicates in the list")
    found = groups_store.by_ids(tx, group_ids)
    for group_id in group_ids:
        group = found.get(group_id)
        if group is None or not (group["project_id"] == project_id or who.sees(group["project_id"])):
            raise SecurityGroupNotFound(group_id)
    if len({group["stateful"] for group in found.values()}) > 1:
        raise SecurityGroupConflict()


def readdress(tx: Transaction, row: PortDetails, wishes: Sequence[addresses.Wish], mac: str) -> None:
    """Give the port other addresses. Floating IPs of lost addresses are disassociated. `row`: with fixed_ips."""
    held = row["fixed_ips"]
    on_network = subnets_store.of_network(tx, row["network_id"])
    wanted = addresses.choose(
        tx, row["network_id"], on_network, mac, wishes, held=held, device_owner=row["device_owner"]
    )
    if row["device_owner"] == ROUTER_INTERFACE and {pair[0] for pair in held} != {pair[0] for pair in wanted}:
        raise InvalidInput("fixed_ips: a router's interface keeps its subnets; use the router's own calls")
    addresses_store.give(tx, row["id"], wanted, held)
    readdressing.run(tx, [row["id"]])


def _wished_mac(tx: Transaction, network_id: str, text: str) -> str:
    mac = content.mac(text)
    if ports_store.mac_taken(tx, network_id, mac):
        raise MacAddressInUse(network_id, mac)
    return mac


def _free_mac(tx: Transaction, network_id: str) -> str:
    for _ in range(16):
        tail = tx.new_hex()
        mac = f"fa:16:3e:{tail[:2]}:{tail[2:4]}:{tail[4:6]}"
        if not ports_store.mac_taken(tx, network_id, mac):
            return mac
    raise MacAddressGenerationFailure(network_id)


@security_group_models.removal.guard
def _groups_are_unused(tx: Transaction, group_ids: Sequence[str]) -> None:
    for group_id in group_ids:
        if ports_store.with_group(tx, group_id):
            raise SecurityGroupInUse(group_id)
