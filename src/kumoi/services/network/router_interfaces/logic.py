"""Putting routers on subnets and taking them off."""

import ipaddress

from kumoi.kernel import quotas, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.network import ownership
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.addresses.errors import IpAddressAlreadyAllocated
from kumoi.services.network.addresses.logic import Wish
from kumoi.services.network.floating_ips import store as floating_ips_store
from kumoi.services.network.networks import store as networks_store
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import ACTIVE, ROUTER_INTERFACE, PortDetails
from kumoi.services.network.ports import logic as ports
from kumoi.services.network.ports.errors import PortInUse
from kumoi.services.network.routers import logic as routers
from kumoi.services.network.routers.errors import (
    BadRouterRequest,
    RouterInterfaceInUseByFloatingIP,
    RouterInterfaceInUseByRoute,
    RouterInterfaceNotFound,
    RouterInterfaceNotFoundForSubnet,
    SubnetMismatchForPort,
)
from kumoi.services.network.routers.models import RouterRow
from kumoi.services.network.subnet_rows import store as subnets_store
from kumoi.services.network.subnet_rows.models import SubnetRow
from kumoi.services.network.subnets import logic as subnets

Interface = tuple[RouterRow, PortDetails, list[str]]
"""The router, the port, the subnets that this was about."""


def add(tx: Transaction, who: Who, router_id: str, subnet_id: str | None, port_id: str | None) -> Interface:
    router = routers.find(tx, who, router_id)
    ownership.must_own(who, router, "add_router_interface")
    if subnet_id and port_id:
        raise BadRouterRequest("Cannot specify both subnet-id and port-id")
    if subnet_id:
        port = _add_subnet(tx, who, router, subnets.find(tx, who, subnet_id))
        about = [subnet_id]
    elif port_id:
        port = _add_port(tx, who, router, ports.show(tx, who, port_id))
        about = [one for one, _ in port["fixed_ips"]]
    else:
        raise BadRouterRequest("Either subnet_id or port_id must be specified")
    routers.touch(tx, router_id)
    return router, port, about


def remove(tx: Transaction, who: Who, router_id: str, subnet_id: str | None, port_id: str | None) -> Interface:
    router = routers.find(tx, who, router_id)
    ownership.must_own(who, router, "remove_router_interface")
    if not subnet_id and not port_id:
        raise BadRouterRequest("Either subnet_id or port_id must be specified")
    own = ports_store.detailed(tx, ports_store.of_devices(tx, [router_id], [ROUTER_INTERFACE]))
    if port_id:
        port = next((one for one in own if one["id"] == port_id), None)
        if port is None:
            raise RouterInterfaceNotFound(router_id, port_id)
        if subnet_id and all(held != subnet_id for held, _ in port["fixed_ips"]):
            raise SubnetMismatchForPort(port_id, subnet_id)
        about = [held for held, _ in port["fixed_ips"]]
    else:
        assert subnet_id is not None
        port = next((one for one in own if any(held == subnet_id for held, _ in one["fixed_ips"])), None)
        if port is None:
            subnets.find(tx, who, subnet_id)
            raise RouterInterfaceNotFoundForSubnet(router_id, subnet_id)
        about = [subnet_id]
    for one in about:
        _must_be_idle(tx, router, one)
    kept = [pair for pair in port["fixed_ips"] if pair[0] not in about]
    if kept:
        addresses_store.give(tx, port["id"], kept, port["fixed_ips"])
        ports_store.change(tx, port["id"])
    else:
        ports.remove(tx, [port])
    routers.touch(tx, router_id)
    return router, port, about


def _add_subnet(tx: Transaction, who: Who, router: RouterRow, subnet: SubnetRow) -> PortDetails:
    network = networks_store.find(tx, subnet["network_id"])
    assert network is not None
    if not (ownership.owns(who, network) or ownership.owns(who, subnet)):
        raise BadRouterRequest(
            f"Cannot add interface to router because subnet {subnet['id']} is not owned by project making the request"
        )
    if subnet["gateway_ip"] is None:
        raise BadRouterRequest("Subnet for router interface must have a gateway IP")
    routers.must_not_overlap(routers.connected(tx, router["id"]), subnet)
    own = (subnet["id"], subnet["gateway_ip"])
    if subnet["ip_version"] == 6:
        # Guests accept one router per network, so all IPv6 prefixes of a network are on one port.
        held = ports_store.detailed(tx, ports_store.of_devices(tx, [router["id"]], [ROUTER_INTERFACE]))
        for port in held:
            if port["network_id"] == network["id"] and any(":" in address for _, address in port["fixed_ips"]):
                if addresses_store.taken(tx, *own[:1], [own[1]]):
                    raise IpAddressAlreadyAllocated(*own)
                addresses_store.give(tx, port["id"], [*port["fixed_ips"], own], port["fixed_ips"])
                ports_store.change(tx, port["id"])
                return {**port, "fixed_ips": [*port["fixed_ips"], own]}
    quotas.take(tx, "network", router["project_id"], {"port": 1})
    return ports.make(
        tx, network, project_id=router["project_id"], fixed=[Wish(*own)], groups=[], device_id=router["id"],
        device_owner=ROUTER_INTERFACE, port_security_enabled=False,
    )  # fmt: skip


def _add_port(tx: Transaction, who: Who, router: RouterRow, port: PortDetails) -> PortDetails:
    ownership.must_own(who, port, "add_router_interface")
    if port["device_id"] or port["device_owner"]:
        raise PortInUse(port["id"], port["network_id"], port["device_id"])
    if not port["fixed_ips"]:
        raise BadRouterRequest("Router port must have at least one fixed IP")
    on = subnets_store.by_ids(tx, [subnet_id for subnet_id, _ in port["fixed_ips"]])
    if sum(subnet["ip_version"] == 4 for subnet in on.values()) > 1:
        raise BadRouterRequest("Cannot have multiple IPv4 subnets on router port")
    there = routers.connected(tx, router["id"])
    for subnet in on.values():
        routers.must_not_overlap(there, subnet)
    ports_store.change(tx, port["id"], device_id=router["id"], device_owner=ROUTER_INTERFACE, status=ACTIVE)
    # It is removed from the topology as a port, and added again as a part of the router.
    reconcile.mark(tx, ports.KIND, port["id"])
    return port


def _must_be_idle(tx: Transaction, router: RouterRow, subnet_id: str) -> None:
    subnet = subnets_store.by_ids(tx, [subnet_id])[subnet_id]
    cidr = ipaddress.ip_network(subnet["cidr"])
    leading = floating_ips_store.of_router(tx, router["id"])
    held = addresses_store.of_ports(tx, [floating["port_id"] for floating in leading if floating["port_id"]])
    for floating in leading:
        if (subnet_id, floating["fixed_ip_address"]) in held.get(floating["port_id"] or "", []):
            raise RouterInterfaceInUseByFloatingIP(router["id"], subnet_id)
    for route in router["routes"] or ():
        if ipaddress.ip_address(route["nexthop"]) in cidr:
            raise RouterInterfaceInUseByRoute(router["id"], subnet_id)
