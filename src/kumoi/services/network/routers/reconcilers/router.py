"""Routers of the tables, with their ports → the topology's."""

import sqlalchemy as sa

from kumoi.engines.network.interface import Route, RouterAddress, RouterGateway, RouterInterface, RouterSpec
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import Reconciler
from kumoi.services.network import spelling
from kumoi.services.network.network_rows.models import NetworkRow
from kumoi.services.network.networks import store as networks_store
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import OF_ROUTERS, ROUTER_GATEWAY, ROUTER_INTERFACE, PortDetails
from kumoi.services.network.routers import logic, store
from kumoi.services.network.routers.models import RouterRow
from kumoi.services.network.routers.models import routers as routers_table
from kumoi.services.network.subnet_rows import store as subnets_store
from kumoi.services.network.subnet_rows.models import SubnetRow
from kumoi.services.network.topology import Part


def desired(tx: Transaction, router_ids: list[str]) -> dict[str, RouterSpec]:
    """id → desired content. Deleted routers are missing."""
    rows = store.by_ids(tx, router_ids)
    own = ports_store.detailed(tx, ports_store.of_devices(tx, list(rows), OF_ROUTERS))
    on = networks_store.by_ids(tx, list({port["network_id"] for port in own}))
    ranges = subnets_store.by_ids(tx, list({subnet_id for port in own for subnet_id, _ in port["fixed_ips"]}))
    by_router: dict[str, list[PortDetails]] = {}
    for port in own:
        by_router.setdefault(port["device_id"], []).append(port)
    return {
        router_id: RouterSpec(
            id=router_id,
            name=row["name"],
            admin_state_up=row["admin_state_up"],
            interfaces=[
                _interface(port, on, ranges)
                for port in by_router.get(router_id, ())
                if port["device_owner"] == ROUTER_INTERFACE
            ],
            gateway=next(
                (
                    _gateway(row, port, on, ranges)
                    for port in by_router.get(router_id, ())
                    if port["device_owner"] == ROUTER_GATEWAY and port["fixed_ips"]
                ),
                None,
            ),
            routes=[
                Route(spelling.prefix(route["destination"]), spelling.address(route["nexthop"]))
                for route in row["routes"] or ()
            ],
        )
        for router_id, row in rows.items()
    }


def _interface(port: PortDetails, on: dict[str, NetworkRow], ranges: dict[str, SubnetRow]) -> RouterInterface:
    return RouterInterface(
        port_id=port["id"],
        network_id=port["network_id"],
        mac=port["mac_address"],
        mtu=on[port["network_id"]]["mtu"],
        addresses=[
            RouterAddress(_with_prefix(address, ranges[subnet_id]), ranges[subnet_id]["ipv6_ra_mode"])
            for subnet_id, address in port["fixed_ips"]
        ],
    )


def _gateway(
    row: RouterRow, port: PortDetails, on: dict[str, NetworkRow], ranges: dict[str, SubnetRow]
) -> RouterGateway:
    hops = [ranges[subnet_id]["gateway_ip"] for subnet_id, _ in port["fixed_ips"]]
    return RouterGateway(
        port_id=port["id"],
        network_id=port["network_id"],
        mac=port["mac_address"],
        mtu=on[port["network_id"]]["mtu"],
        addresses=[_with_prefix(address, ranges[subnet_id]) for subnet_id, address in port["fixed_ips"]],
        next_hops=list(dict.fromkeys(hop for hop in hops if hop)),
        enable_snat=row["enable_snat"],
    )


def _with_prefix(address: str, subnet: SubnetRow) -> str:
    return f"{address}/{subnet['cidr'].partition('/')[2]}"


PART = Part(logic.KIND, ids=sa.select(routers_table.c.id), content=RouterSpec, desired=desired)
RECONCILER = Reconciler(PART.kind, PART.bring, order=40)
