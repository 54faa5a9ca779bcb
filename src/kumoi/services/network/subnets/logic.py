"""Checks the creation, changes and deletion of subnets, and updates ports, metadata and routers."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from kumoi.kernel import quotas, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.who import Who
from kumoi.services.network import ownership, standard_attributes
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.addresses.errors import IpAddressGenerationFailureForSubnet
from kumoi.services.network.addresses.logic import Wish, from_mac, is_automatic
from kumoi.services.network.bodies import given
from kumoi.services.network.errors import InvalidInput, SubnetNotFound
from kumoi.services.network.listing import Asked
from kumoi.services.network.metadata import logic as metadata
from kumoi.services.network.network_rows.models import NetworkRow
from kumoi.services.network.networks import logic as networks
from kumoi.services.network.networks import store as networks_store
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import METADATA, NOT_PLUGGED, OF_ROUTERS, ROUTER_GATEWAY, ROUTER_INTERFACE
from kumoi.services.network.ports import logic as ports
from kumoi.services.network.subnet_rows import store as subnets_store
from kumoi.services.network.subnet_rows.models import SubnetDetails, SubnetRow
from kumoi.services.network.subnetpools import logic as subnetpools
from kumoi.services.network.subnetpools import models as subnetpool_models
from kumoi.services.network.subnetpools.errors import SubnetPoolDeleteError
from kumoi.services.network.subnets import content, schemas
from kumoi.services.network.subnets.errors import GatewayIpInUse, OverlappingSubnet, SubnetInUse
from kumoi.services.network.tags import store as tags_store

LIST_QUERY = subnets_store.LISTING.query


def create(tx: Transaction, who: Who, asked: Sequence[schemas.SubnetCreate]) -> list[SubnetDetails]:
    made = []
    for one in asked:
        values = given(one)
        network = networks.find(tx, who, one.network_id)
        if not ownership.owns(who, network):
            raise PolicyForbids("create_subnet")
        project_id = ownership.project_of(who, values)
        quotas.take(tx, "network", project_id, {"subnet": 1})
        values.update(subnetpools.cut(tx, who, project_id, values, subnets_store.of_pool))
        made.append(make(tx, network, project_id, values))
    return detailed(tx, made)


def make(tx: Transaction, network: NetworkRow, project_id: str, values: dict[str, Any]) -> SubnetRow:
    """A subnet of the network; `values` by the names of schemas.SubnetCreate."""
    if not values.get("cidr"):
        raise InvalidInput("cidr: a subnet needs a cidr, or a subnetpool_id to get one from")
    cidr = content.network(values["cidr"], int(values["ip_version"]))
    networks.must_carry(network["id"], network["mtu"], cidr.version)
    enable_dhcp = values.get("enable_dhcp", True)
    ra_mode, address_mode = values.get("ipv6_ra_mode"), values.get("ipv6_address_mode")
    content.must_fit_modes(cidr, enable_dhcp, ra_mode, address_mode)
    for other in subnets_store.of_network(tx, network["id"]):
        if ipaddress.ip_network(other["cidr"]).overlaps(cidr):
            raise OverlappingSubnet(str(cidr), network["id"], other["id"], other["cidr"])
    gateway_ip = content.first_address(cidr)
    if "gateway_ip" in values:
        gateway_ip = None if values["gateway_ip"] is None else content.gateway(values["gateway_ip"], cidr)
    asked_pools = values.get("allocation_pools")
    row = standard_attributes.fresh(
        tx,
        SubnetRow,
        project_id,
        name=values.get("name", ""),
        description=values.get("description", ""),
        network_id=network["id"],
        ip_version=cidr.version,
        cidr=str(cidr),
        gateway_ip=gateway_ip,
        enable_dhcp=enable_dhcp,
        ipv6_ra_mode=ra_mode,
        ipv6_address_mode=address_mode,
        allocation_pools=content.default_pools(cidr, gateway_ip)
        if asked_pools is None
        else content.pools(asked_pools, cidr, gateway_ip),
        dns_nameservers=content.nameservers(values.get("dns_nameservers") or ()) or None,
        host_routes=content.host_routes(values.get("host_routes") or (), cidr.version) or None,
        service_types=_service_types(values.get("service_types")),
        subnetpool_id=values.get("subnetpool_id"),
        dns_publish_fixed_ip=values.get("dns_publish_fixed_ip", False),
    )
    subnets_store.insert(tx, row)
    if values.get("tags"):
        tags_store.add(tx, row["id"], values["tags"])
    if is_automatic(row):
        _address_ports(tx, row)
    if network["external"]:
        _address_gateways(tx, row)
    _follow(tx, network)
    return row


def index(tx: Transaction, who: Who, asked: Asked) -> list[SubnetDetails]:
    return detailed(tx, subnets_store.page(tx, who, asked))


def show(tx: Transaction, who: Who, subnet_id: str) -> SubnetDetails:
    return detailed(tx, [find(tx, who, subnet_id)])[0]


def find(tx: Transaction, who: Who, subnet_id: str) -> SubnetRow:
    row = subnets_store.find_visible(tx, who, subnet_id)
    if row is None:
        raise SubnetNotFound(subnet_id)
    return row


def update(
    tx: Transaction, who: Who, subnet_id: str, asked: schemas.SubnetUpdate, if_match: str | None
) -> SubnetDetails:
    row = find(tx, who, subnet_id)
    network = _owned(tx, who, row, "update_subnet")
    standard_attributes.expect_revision(row, if_match)
    values = given(asked)
    cidr = ipaddress.ip_network(row["cidr"])
    columns: dict[str, Any] = {
        name: values[name] for name in ("name", "description", "dns_publish_fixed_ip", "enable_dhcp") if name in values
    }
    if "enable_dhcp" in values:
        content.must_fit_modes(cidr, values["enable_dhcp"], row["ipv6_ra_mode"], row["ipv6_address_mode"])
    if "dns_nameservers" in values:
        columns["dns_nameservers"] = content.nameservers(values["dns_nameservers"] or ()) or None
    if "host_routes" in values:
        columns["host_routes"] = content.host_routes(values["host_routes"] or (), cidr.version) or None
    if "service_types" in values:
        columns["service_types"] = _service_types(values["service_types"])
    gateway_ip = row["gateway_ip"]
    if "gateway_ip" in values:
        gateway_ip = None if values["gateway_ip"] is None else content.gateway(values["gateway_ip"], cidr)
        if gateway_ip != row["gateway_ip"]:
            _gateway_must_be_free(tx, row)
        columns["gateway_ip"] = gateway_ip
    if values.get("allocation_pools") is not None:
        columns["allocation_pools"] = content.pools(values["allocation_pools"], cidr, gateway_ip)
    elif gateway_ip != row["gateway_ip"]:
        content.must_not_hold(row["allocation_pools"], gateway_ip)
    if columns:
        subnets_store.change(tx, subnet_id, **columns)
        _follow(tx, network)
        if gateway_ip != row["gateway_ip"]:
            routers = {p["device_id"] for p in ports_store.of_network(tx, network["id"], [ROUTER_GATEWAY])}
            reconcile.mark(tx, ports.ROUTER_KIND, *sorted(routers))
    return show(tx, who, subnet_id)


def delete(tx: Transaction, who: Who, subnet_id: str, if_match: str | None) -> None:
    """Also deletes its metadata and automatic addresses. Refused if other addresses are in use."""
    row = find(tx, who, subnet_id)
    network = _owned(tx, who, row, "delete_subnet")
    standard_attributes.expect_revision(row, if_match)
    losing = []
    for port in ports_store.on_subnet(tx, subnet_id):
        if port["device_owner"] == METADATA:
            continue
        if not is_automatic(row) or port["device_owner"] in OF_ROUTERS:
            raise SubnetInUse(subnet_id)
        losing.append(port["id"])
    addresses_store.give_back(tx, subnet_id)
    for port_id in losing:
        ports_store.change(tx, port_id)
    reconcile.mark(tx, ports.KIND, *losing)
    subnets_store.delete(tx, subnet_id)
    _follow(tx, network)


def detailed(tx: Transaction, rows: Sequence[SubnetRow]) -> list[SubnetDetails]:
    """Rows with `shared`, `external` (of the network) and `tags`, as schemas show them."""
    tagged = tags_store.of(tx, [row["id"] for row in rows])
    on = networks_store.by_ids(tx, list({row["network_id"] for row in rows}))
    return [
        {
            **row,
            "tags": tagged.get(row["id"], []),
            "shared": on[row["network_id"]]["shared"],
            "external": on[row["network_id"]]["external"],
        }
        for row in rows
    ]


def _owned(tx: Transaction, who: Who, row: SubnetRow, rule: str) -> NetworkRow:
    """The subnet's network, when the caller owns the one or the other."""
    network = networks_store.find(tx, row["network_id"])
    assert network is not None
    if not ownership.owns(who, network):
        ownership.must_own(who, row, rule)
    return network


def _follow(tx: Transaction, network: NetworkRow) -> None:
    """The network has changed with its subnets."""
    networks_store.change(tx, network["id"])
    metadata.follow(tx, network)
    reconcile.mark(tx, networks.KIND, network["id"])


def _gateway_must_be_free(tx: Transaction, row: SubnetRow) -> None:
    for port in ports_store.on_subnet(tx, row["id"]):
        if port["device_owner"] == ROUTER_INTERFACE and port["address"] == row["gateway_ip"]:
            raise GatewayIpInUse(row["gateway_ip"], port["id"])


def _address_ports(tx: Transaction, subnet: SubnetRow) -> None:
    """Existing guests will derive an address from the new subnet."""
    rows = [
        row
        for row in ports_store.all_of_network(tx, subnet["network_id"])
        if row["device_owner"] not in (*NOT_PLUGGED, METADATA)
    ]
    held = addresses_store.of_ports(tx, [row["id"] for row in rows])
    for row in rows:
        before = held.get(row["id"], [])
        if before:
            now = [*before, (subnet["id"], from_mac(subnet["cidr"], row["mac_address"]))]
            addresses_store.give(tx, row["id"], now, before)
            ports_store.change(tx, row["id"])
            reconcile.mark(tx, ports.KIND, row["id"])


def _address_gateways(tx: Transaction, subnet: SubnetRow) -> None:
    """Gateways that were created while the network had no subnet get an address of its first subnet, while there are
    free ones."""
    cidr = ipaddress.ip_network(subnet["cidr"])
    for port in ports_store.detailed(tx, ports_store.of_network(tx, subnet["network_id"], [ROUTER_GATEWAY])):
        if port["fixed_ips"] or any(cidr.overlaps(inner) for inner in _inside(tx, port["device_id"])):
            continue
        try:
            ports.readdress(tx, port, [Wish(subnet["id"])], port["mac_address"])
        except IpAddressGenerationFailureForSubnet:
            return
        ports_store.change(tx, port["id"])
        reconcile.mark(tx, ports.ROUTER_KIND, port["device_id"])


def _inside(tx: Transaction, router_id: str) -> list[content.Network]:
    """The subnets that a router has interfaces on."""
    held = addresses_store.of_ports(
        tx, [port["id"] for port in ports_store.of_devices(tx, [router_id], [ROUTER_INTERFACE])]
    )
    found = subnets_store.by_ids(tx, list({subnet_id for pairs in held.values() for subnet_id, _ in pairs}))
    return [ipaddress.ip_network(row["cidr"]) for row in found.values()]


def _service_types(asked: list[str] | None) -> list[str] | None:
    for kind in asked or ():
        if ":" not in kind:
            raise InvalidInput(f"service_types: '{kind[:64]}' is not a device owner, like network:… or compute:…")
    return list(dict.fromkeys(asked)) if asked else None


@subnetpool_models.removal.guard
def _pools_are_unused(tx: Transaction, pool_ids: Sequence[str]) -> None:
    for pool_id in pool_ids:
        if subnets_store.of_pool(tx, pool_id):
            raise SubnetPoolDeleteError()
