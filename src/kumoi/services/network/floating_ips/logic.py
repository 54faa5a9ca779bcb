"""Checks the creation, association and deletion of floating IPs."""

import ipaddress
from collections.abc import Sequence
from typing import Any, cast

from kumoi.kernel import quotas, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.network import ownership, standard_attributes
from kumoi.services.network.addresses import logic as addresses
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.addresses.errors import ExternalIpAddressExhausted, InvalidIpForNetwork
from kumoi.services.network.bodies import given
from kumoi.services.network.errors import InvalidInput, PortNotFound
from kumoi.services.network.floating_ips import schemas, store
from kumoi.services.network.floating_ips.errors import (
    BadFloatingIpRequest,
    ExternalGatewayForFloatingIPNotFound,
    FloatingIPNotFound,
    FloatingIPPortAlreadyAssociated,
)
from kumoi.services.network.floating_ips.models import FloatingIpDetails, FloatingIpRow
from kumoi.services.network.listing import Asked
from kumoi.services.network.network_rows import models as network_models
from kumoi.services.network.networks import logic as networks
from kumoi.services.network.port_rows import models as port_models
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import DOWN, FLOATING_IP
from kumoi.services.network.ports import logic as ports
from kumoi.services.network.routers import models as router_models
from kumoi.services.network.routers import store as routers_store
from kumoi.services.network.routers.errors import RouterExternalGatewayInUseByFloatingIp, RouterInUse
from kumoi.services.network.subnet_rows import store as subnets_store
from kumoi.services.network.tags import store as tags_store

LIST_QUERY = store.LISTING.query

KIND = ports.FLOATING_IP_KIND


def find(tx: Transaction, who: Who, floating_ip_id: str) -> FloatingIpRow:
    row = store.find(tx, floating_ip_id)
    if row is None or not who.sees(row["project_id"]):
        raise FloatingIPNotFound(floating_ip_id)
    return row


def create(tx: Transaction, who: Who, asked: Sequence[schemas.FloatingIpCreate]) -> list[FloatingIpDetails]:
    made = []
    for one in asked:
        values = given(one)
        project_id = ownership.project_of(who, values)
        network = networks.find(tx, who, one.floating_network_id)
        if not network["external"]:
            raise BadFloatingIpRequest(f"Network {one.floating_network_id} is not a valid external network")
        explicit = {name: values[name] for name in ("floating_ip_address",) if values.get(name)}
        if not ownership.owns(who, network):
            ownership.only_admin(who, explicit, "create_floatingip", {"floating_ip_address": "floating_ip_address"})
        quotas.take(tx, "network", project_id, {"floatingip": 1})
        floating_ip_id = tx.new_uuid()
        wish = _wish(tx, network["id"], values.get("subnet_id"), values.get("floating_ip_address"))
        port = ports.make(
            tx, network, project_id="", fixed=[wish], groups=[], device_id=floating_ip_id, device_owner=FLOATING_IP,
            port_security_enabled=False,
        )  # fmt: skip
        row = standard_attributes.fresh(
            tx, FloatingIpRow, project_id, id=floating_ip_id, description=values.get("description", ""),
            floating_network_id=network["id"], floating_port_id=port["id"], floating_ip_address=port["fixed_ips"][0][1],
            port_id=None, fixed_ip_address=None, router_id=None, status=DOWN,
        )  # fmt: skip
        if values.get("port_id"):
            row = cast(
                FloatingIpRow, {**row, **_association(tx, who, row, values["port_id"], values.get("fixed_ip_address"))}
            )
        elif values.get("fixed_ip_address"):
            raise BadFloatingIpRequest("fixed_ip_address cannot be specified without a port_id")
        store.insert(tx, row)
        ports.mark_servers(tx, [row["port_id"]])
        if values.get("tags"):
            tags_store.add(tx, row["id"], values["tags"])
        reconcile.mark(tx, KIND, row["id"])
        made.append(row)
    return detailed(tx, made)


def index(tx: Transaction, who: Who, asked: Asked) -> list[FloatingIpDetails]:
    return detailed(tx, store.page(tx, who, asked))


def show(tx: Transaction, who: Who, floating_ip_id: str) -> FloatingIpDetails:
    return detailed(tx, [find(tx, who, floating_ip_id)])[0]


def update(
    tx: Transaction, who: Who, floating_ip_id: str, asked: schemas.FloatingIpUpdate, if_match: str | None
) -> FloatingIpDetails:
    row = find(tx, who, floating_ip_id)
    ownership.must_own(who, row, "update_floatingip")
    standard_attributes.expect_revision(row, if_match)
    values = given(asked)
    columns = {name: values[name] for name in ("description",) if name in values}
    if "port_id" in values or values.get("fixed_ip_address") or not values:
        # An empty body has always meant "disassociate".
        port_id = values.get("port_id", row["port_id"] if values else None)
        if port_id is not None:
            columns.update(_association(tx, who, row, port_id, values.get("fixed_ip_address")))
        elif values.get("fixed_ip_address"):
            raise BadFloatingIpRequest("fixed_ip_address cannot be specified without a port_id")
        else:
            columns.update(port_id=None, fixed_ip_address=None, router_id=None, status=DOWN)
    if columns:
        store.change(tx, floating_ip_id, **columns)
        reconcile.mark(tx, KIND, floating_ip_id)
        if "port_id" in columns:
            ports.mark_servers(tx, [row["port_id"], columns["port_id"]])
    return show(tx, who, floating_ip_id)


def delete(tx: Transaction, who: Who, floating_ip_id: str, if_match: str | None) -> None:
    row = find(tx, who, floating_ip_id)
    ownership.must_own(who, row, "delete_floatingip")
    standard_attributes.expect_revision(row, if_match)
    store.delete(tx, floating_ip_id)
    ports_store.delete(tx, [row["floating_port_id"]])
    reconcile.mark(tx, KIND, floating_ip_id)
    ports.mark_servers(tx, [row["port_id"]])


def detailed(tx: Transaction, rows: Sequence[FloatingIpRow]) -> list[FloatingIpDetails]:
    """Rows with `port` (the associated one, or None) and `tags`, as schemas show them."""
    tagged = tags_store.of(tx, [row["id"] for row in rows])
    led_to = ports_store.by_ids(tx, [row["port_id"] for row in rows if row["port_id"]])
    return [
        {
            **row,
            "tags": tagged.get(row["id"], []),
            "port": led_to.get(row["port_id"]) if row["port_id"] else None,
        }
        for row in rows
    ]


def _wish(tx: Transaction, network_id: str, subnet_id: str | None, address: str | None) -> addresses.Wish:
    """One IPv4 address of the external network: a given one, one of a given subnet, or any."""
    choices = [subnet for subnet in subnets_store.of_network(tx, network_id) if subnet["ip_version"] == 4]
    if not choices:
        raise BadFloatingIpRequest(f"Network {network_id} does not contain any IPv4 subnet")
    if subnet_id is not None:
        choices = [subnet for subnet in choices if subnet["id"] == subnet_id]
        if not choices:
            raise BadFloatingIpRequest(f"subnet_id: subnet {subnet_id} is not an IPv4 subnet of network {network_id}")
    if address is not None:
        try:
            wanted = ipaddress.IPv4Address(address)
        except ValueError:
            raise InvalidInput(f"floating_ip_address: '{address}' is not a valid IPv4 address") from None
        for subnet in choices:
            if wanted in ipaddress.ip_network(subnet["cidr"]):
                return addresses.Wish(subnet["id"], str(wanted))
        raise InvalidIpForNetwork(address)
    for subnet in choices:
        free = addresses.free_address(tx, subnet)
        if free is not None:
            return addresses.Wish(subnet["id"], free)
    raise ExternalIpAddressExhausted(network_id)


def _association(tx: Transaction, who: Who, row: FloatingIpRow, port_id: str, fixed_ip: str | None) -> dict[str, Any]:
    """The columns that associate the floating IP with a port's address, through the router that connects both."""
    port = ports_store.find_visible(tx, who, port_id)
    if port is None:
        raise PortNotFound(port_id)
    if port["project_id"] != row["project_id"] and not who.is_admin:
        raise BadFloatingIpRequest(
            f"Port {port_id} is associated with a different project than Floating IP {row['id']} and therefore cannot "
            "be bound"
        )
    held = addresses_store.of_ports(tx, [port_id]).get(port_id, [])
    subnet_id, address = _internal(port_id, held, fixed_ip)
    for other in store.of_ports(tx, [port_id]):
        # On other external networks it may have one each. Its own connections leave by its subnet's gateway.
        same = other["fixed_ip_address"], other["floating_network_id"]
        if same == (address, row["floating_network_id"]) and other["id"] != row["id"]:
            raise FloatingIPPortAlreadyAssociated(
                row["floating_ip_address"], row["id"], port_id, address, other["floating_network_id"]
            )
    reaching = routers_store.reaching(tx, subnet_id, row["floating_network_id"])
    if not reaching:
        raise ExternalGatewayForFloatingIPNotFound(row["floating_network_id"], subnet_id, port_id)
    subnet = subnets_store.by_ids(tx, [subnet_id])[subnet_id]
    # If several routers connect them, replies go through the one that is the subnet's gateway.
    router = next((one for one in reaching if one["interface"] == subnet["gateway_ip"]), reaching[0])
    return {"port_id": port_id, "fixed_ip_address": address, "router_id": router["id"], "status": DOWN}


def _internal(port_id: str, held: Sequence[tuple[str, str]], fixed_ip: str | None) -> tuple[str, str]:
    """(subnet id, address) that is meant."""
    if fixed_ip is not None:
        try:
            address = str(ipaddress.IPv4Address(fixed_ip))
        except ValueError:
            raise BadFloatingIpRequest(
                f"Cannot process floating IP association with {fixed_ip[:64]}, since that is not an IPv4 address"
            ) from None
        for pair in held:
            if pair[1] == address:
                return pair
        raise BadFloatingIpRequest(f"Port {port_id} does not have fixed ip {address}")
    inner = [pair for pair in held if ":" not in pair[1]]
    if not inner:
        raise BadFloatingIpRequest(f"Cannot add floating IP to port {port_id} that has no fixed IPv4 addresses")
    if len(inner) > 1:
        raise BadFloatingIpRequest(
            f"Port {port_id} has multiple fixed IPv4 addresses. Must provide a specific IPv4 address when assigning a "
            "floating IP"
        )
    return inner[0]


def _disassociate(tx: Transaction, floating: FloatingIpRow) -> None:
    store.change(tx, floating["id"], port_id=None, fixed_ip_address=None, router_id=None, status=DOWN)
    reconcile.mark(tx, KIND, floating["id"])
    ports.mark_servers(tx, [floating["port_id"]])


@port_models.removal.follow
def _of_removed_ports(tx: Transaction, port_ids: Sequence[str]) -> None:
    for floating in store.of_ports(tx, port_ids):
        _disassociate(tx, floating)


@port_models.readdressing.follow
def _of_lost_addresses(tx: Transaction, port_ids: Sequence[str]) -> None:
    given = addresses_store.of_ports(tx, port_ids)
    for floating in store.of_ports(tx, port_ids):
        if floating["fixed_ip_address"] not in {address for _, address in given.get(floating["port_id"] or "", [])}:
            _disassociate(tx, floating)


@network_models.removal.follow
def _idle_of_removed_networks(tx: Transaction, network_ids: Sequence[str]) -> None:
    """Those that are associated keep their network."""
    for network_id in network_ids:
        idle = {floating["id"]: floating["floating_port_id"] for floating in store.idle_of(tx, network_id)}
        for floating_ip_id in idle:
            store.delete(tx, floating_ip_id)
        reconcile.mark(tx, KIND, *idle)
        ports_store.delete(tx, list(idle.values()))


@router_models.removal.guard
def _routers_are_unused(tx: Transaction, router_ids: Sequence[str]) -> None:
    for router_id in router_ids:
        if store.of_router(tx, router_id):
            raise RouterInUse(router_id)


@router_models.gateway_removal.guard
def _gateways_are_unused(tx: Transaction, router_ids: Sequence[str]) -> None:
    for router_id in router_ids:
        for floating in store.of_router(tx, router_id):
            raise RouterExternalGatewayInUseByFloatingIp(router_id, floating["floating_network_id"])
