"""Checks who may create, see and change which networks."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from kumoi.kernel import quotas, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.who import Who
from kumoi.services.network import ownership, standard_attributes
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.bodies import given
from kumoi.services.network.errors import NetworkNotFound
from kumoi.services.network.listing import Asked
from kumoi.services.network.network_rows.models import LEAST_MTU, TUNNELS, NetworkDetails, NetworkRow, removal
from kumoi.services.network.networks import schemas, store
from kumoi.services.network.networks.errors import (
    DefaultExternalNetworkExists,
    ExternalNetworkInUse,
    InvalidProvider,
    InvalidSharedSetting,
    NetworkInUse,
    NetworkMTUSubnetConflict,
    NoNetworkAvailable,
    SegmentInUse,
)
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import FLOATING_IP, METADATA, OF_ROUTERS, ROUTER_GATEWAY
from kumoi.services.network.security_groups import logic as security_groups
from kumoi.services.network.subnet_rows import store as subnets_store
from kumoi.services.network.tags import store as tags_store

LIST_QUERY = store.LISTING.query

KIND = "network.network"
METADATA_KIND = "network.metadata"
PORT_KIND = "network.port"
FOR_ADMINS = {
    "shared": "shared",
    "external": "router:external",
    "is_default": "is_default",
    "network_type": "provider:network_type",
    "physical_network": "provider:physical_network",
    "segmentation_id": "provider:segmentation_id",
}
VLANS = 4095
TYPES = ("geneve", "flat", "vlan")


def find(tx: Transaction, who: Who, network_id: str) -> NetworkRow:
    """The row, if the network exists for the caller."""
    row = store.find(tx, network_id)
    if row is None or not (who.sees(row["project_id"]) or row["shared"] or row["external"]):
        raise NetworkNotFound(network_id)
    return row


def create(tx: Transaction, who: Who, asked: Sequence[schemas.NetworkCreate]) -> list[NetworkDetails]:
    made = []
    for one in asked:
        values = given(one)
        # A field with its default value is allowed for everybody.
        special = {name: value for name, value in values.items() if value not in (False, None)}
        ownership.only_admin(who, special, "create_network", FOR_ADMINS)
        project_id = ownership.project_of(who, values)
        quotas.take(tx, "network", project_id, {"network": 1})
        made.append(make(tx, project_id, values))
    return detailed(tx, made)


def make(tx: Transaction, project_id: str, values: dict[str, Any]) -> NetworkRow:
    """Create a network of the project and its default group. `values` by the names of schemas.NetworkCreate."""
    security_groups.ensure_default(tx, project_id)
    zones = values.get("availability_zone_hints") or None
    if zones and zones != [schemas.ZONE]:
        raise InvalidProvider(f"availability_zone_hints: AvailabilityZone {zones[0]} could not be found")
    provider = _provider(tx, values)
    largest = schemas.most_mtu(provider["network_type"])
    if values.get("mtu", 0) > largest:
        raise InvalidProvider(f"mtu: Requested MTU is too big, maximum is {largest}")
    row = standard_attributes.fresh(
        tx,
        NetworkRow,
        project_id,
        name=values.get("name", ""),
        description=values.get("description", ""),
        admin_state_up=values.get("admin_state_up", True),
        status="ACTIVE",
        shared=values.get("shared", False),
        external=values.get("external", False),
        is_default=values.get("is_default", False),
        port_security_enabled=values.get("port_security_enabled", True),
        mtu=values.get("mtu") or largest,
        dns_domain=values.get("dns_domain", ""),
        availability_zone_hints=zones,
        **provider,
    )
    _one_default(tx, row)
    store.insert(tx, row)
    if values.get("tags"):
        tags_store.add(tx, row["id"], values["tags"])
    reconcile.mark(tx, KIND, row["id"])
    return row


def index(tx: Transaction, who: Who, asked: Asked) -> list[NetworkDetails]:
    return detailed(tx, store.page(tx, who, asked))


def show(tx: Transaction, who: Who, network_id: str) -> NetworkDetails:
    return detailed(tx, [find(tx, who, network_id)])[0]


def update(
    tx: Transaction, who: Who, network_id: str, asked: schemas.NetworkUpdate, if_match: str | None
) -> NetworkDetails:
    row = find(tx, who, network_id)
    ownership.must_own(who, row, "update_network")
    standard_attributes.expect_revision(row, if_match)
    old: Mapping[str, Any] = row
    values = {name: value for name, value in given(asked).items() if value != old[name]}
    ownership.only_admin(who, values, "update_network", FOR_ADMINS)
    if values.get("shared") is False:
        _unshare(tx, row)
    if values.get("external") is False and any(
        port["device_owner"] in (ROUTER_GATEWAY, FLOATING_IP) for port in store.port_owners(tx, network_id)
    ):
        raise ExternalNetworkInUse(network_id)
    largest = schemas.most_mtu(row["network_type"])
    if values.get("mtu", 0) > largest:
        raise InvalidProvider(f"mtu: Requested MTU is too big, maximum is {largest}")
    if values.get("mtu") == 0:
        values["mtu"] = largest
    if values:
        for subnet in subnets_store.of_network(tx, network_id) if "mtu" in values else ():
            must_carry(network_id, values["mtu"], subnet["ip_version"])
        _one_default(tx, cast(NetworkRow, {**row, **values}))
        store.change(tx, network_id, **values)
        reconcile.mark(tx, KIND, network_id)
        if "mtu" in values:
            _follow_mtu(tx, network_id)
    return show(tx, who, network_id)


def delete(tx: Transaction, who: Who, network_id: str, if_match: str | None) -> None:
    """Also deletes its subnets, its metadata port and unassociated floating IPs. Refused if it has other ports."""
    row = find(tx, who, network_id)
    ownership.must_own(who, row, "delete_network")
    standard_attributes.expect_revision(row, if_match)
    removal.run(tx, [network_id])
    there = store.port_owners(tx, network_id)
    own = [port["id"] for port in there if port["device_owner"] == METADATA]
    in_use = [port["id"] for port in there if port["id"] not in own]
    if in_use:
        raise NetworkInUse(network_id, in_use)
    ports_store.delete(tx, own)
    for subnet in subnets_store.of_network(tx, network_id):
        addresses_store.give_back(tx, subnet["id"])
        subnets_store.delete(tx, subnet["id"])
    store.delete(tx, network_id)
    reconcile.mark(tx, PORT_KIND, *own)
    reconcile.mark(tx, KIND, network_id)
    if own:
        reconcile.mark(tx, METADATA_KIND, network_id)


def detailed(tx: Transaction, rows: Sequence[NetworkRow]) -> list[NetworkDetails]:
    """Rows with `subnets` (ids) and `tags`, as schemas show them."""
    ids = [row["id"] for row in rows]
    subnet_ids = store.subnet_ids(tx, ids)
    tagged = tags_store.of(tx, ids)
    return [{**row, "subnets": subnet_ids.get(row["id"], []), "tags": tagged.get(row["id"], [])} for row in rows]


def must_use(who: Who, network: NetworkRow, rule: str) -> None:
    """For attaching to a visible network. Everybody sees an external network, but only its owner may use it."""
    if not (ownership.owns(who, network) or network["shared"]):
        raise PolicyForbids(rule)


def must_carry(network_id: str, mtu: int, version: int) -> None:
    """The MTU must be large enough for the subnet's IP version."""
    if mtu < LEAST_MTU[version]:
        raise NetworkMTUSubnetConflict(network_id, mtu, LEAST_MTU[version])


def _provider(tx: Transaction, values: dict[str, Any]) -> dict[str, Any]:
    kind = values.get("network_type") or None
    physical, segment = values.get("physical_network") or None, values.get("segmentation_id") or None
    if kind is None and (physical or segment):
        raise InvalidProvider("provider:network_type required")
    kind = kind or "geneve"
    if kind not in TYPES:
        raise InvalidProvider(f"provider:network_type '{kind}' not supported; it is one of {', '.join(TYPES)}")
    if kind == "geneve":
        if physical:
            raise InvalidProvider("provider:physical_network specified for geneve network")
        segment = segment or _free_tunnel(tx)
    elif physical is None:
        raise InvalidProvider(f"provider:physical_network required for {kind} network")
    if kind == "flat" and segment:
        raise InvalidProvider("provider:segmentation_id specified for flat network")
    if kind == "vlan" and segment is None:
        segment = _free_vlan(tx, physical)
    if kind == "vlan" and not (segment and segment < VLANS):
        raise InvalidProvider("provider:segmentation_id of a vlan network is between 1 and 4094")
    if store.segment_taken(tx, kind, physical, segment):
        raise SegmentInUse(kind, segment, physical)
    return {"network_type": kind, "physical_network": physical, "segmentation_id": segment}


def _free_tunnel(tx: Transaction) -> int:
    for _ in range(100):
        segment = 1 + int(tx.new_hex(), 16) % (TUNNELS - 1)
        if not store.segment_taken(tx, "geneve", None, segment):
            return segment
    raise NoNetworkAvailable()


def _free_vlan(tx: Transaction, physical: str | None) -> int:
    taken = store.segments(tx, "vlan", physical)
    free = [segment for segment in range(1, VLANS) if segment not in taken]
    if not free:
        raise NoNetworkAvailable()
    return free[int(tx.new_hex(), 16) % len(free)]


def _one_default(tx: Transaction, row: NetworkRow) -> None:
    """The default external network of the cloud is one."""
    if row["is_default"] and row["external"]:
        other = store.default_external(tx)
        if other is not None and other["id"] != row["id"]:
            raise DefaultExternalNetworkExists(other["id"])


def _unshare(tx: Transaction, row: NetworkRow) -> None:
    for port in store.port_owners(tx, row["id"]):
        foreign = port["project_id"] != row["project_id"] and port["project_id"] != ""
        if foreign and port["device_owner"] not in (ROUTER_GATEWAY, FLOATING_IP):
            raise InvalidSharedSetting(row["name"] or row["id"])


def _follow_mtu(tx: Transaction, network_id: str) -> None:
    """Routers and metadata ports carry their network's MTU."""
    routers = {port["device_id"] for port in ports_store.of_network(tx, network_id, OF_ROUTERS)}
    reconcile.mark(tx, "network.router", *routers)
    if ports_store.of_network(tx, network_id, [METADATA]):
        reconcile.mark(tx, METADATA_KIND, network_id)
