"""Allocates and deletes topologies. All parts are made in one transaction, so two requests cannot make two."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.who import Who
from kumoi.services.network.auto_allocated_topologies import store
from kumoi.services.network.auto_allocated_topologies.errors import (
    AutoAllocatedTopologyNotFound,
    AutoAllocationFailure,
    AutoAllocationRefused,
)
from kumoi.services.network.auto_allocated_topologies.models import AutoAllocatedTopologyRow
from kumoi.services.network.network_rows.models import NetworkRow
from kumoi.services.network.networks import logic as networks
from kumoi.services.network.networks import store as networks_store
from kumoi.services.network.networks.schemas import NetworkCreate
from kumoi.services.network.router_interfaces import logic as router_interfaces
from kumoi.services.network.routers import logic as routers
from kumoi.services.network.routers.schemas import ExternalGateway, RouterCreate
from kumoi.services.network.subnetpools import store as subnetpools_store
from kumoi.services.network.subnets import logic as subnets
from kumoi.services.network.subnets.schemas import SubnetCreate

CIDR = "10.0.0.0/24"
"""The subnet where the cloud has no default subnet pool. The network is isolated, so every project may have the same."""
NAMES = {"network": "auto_allocated_network", "router": "auto_allocated_router", 4: "auto_allocated_subnet_v4",
         6: "auto_allocated_subnet_v6"}  # fmt: skip
NO_WAY_OUT = "No default router:external network"


def may(who: Who, project_id: str) -> None:
    if not who.sees(project_id):
        raise PolicyForbids("get_auto_allocated_topology")


def check(tx: Transaction) -> None:
    """Whether one could be made."""
    if networks_store.default_external(tx) is None:
        raise AutoAllocationRefused(NO_WAY_OUT)


def ensure(tx: Transaction, who: Who, project_id: str) -> str:
    """The id of the project's network; it is made if the project has none. AutoAllocationFailure if the cloud has no way
    out."""
    found = store.find(tx, project_id)
    if found is not None:
        return found["network_id"]
    public = networks_store.default_external(tx)
    if public is None:
        raise AutoAllocationFailure(NO_WAY_OUT)
    owner = Who(who.user_id, project_id=project_id, roles=frozenset({"member", "reader"}))
    held, tx.declared_quota = tx.declared_quota, None
    try:
        row = _make(tx, owner, project_id, public)
    finally:
        tx.declared_quota = held
    store.insert(tx, row)
    return row["network_id"]


def delete(tx: Transaction, who: Who, project_id: str) -> None:
    """The router first, then the network, unless something uses them."""
    may(who, project_id)
    found = store.find(tx, project_id)
    if found is None:
        raise AutoAllocatedTopologyNotFound(project_id)
    owner = Who(who.user_id, project_id=project_id, roles=frozenset({"member", "reader"}))
    network = networks.show(tx, owner, found["network_id"])
    for subnet_id in network["subnets"]:
        router_interfaces.remove(tx, owner, found["router_id"], subnet_id, None)
    routers.delete(tx, owner, found["router_id"], None)
    store.delete(tx, project_id)
    networks.delete(tx, owner, found["network_id"], None)


def _make(tx: Transaction, owner: Who, project_id: str, public: NetworkRow) -> AutoAllocatedTopologyRow:
    (network,) = networks.create(tx, owner, [NetworkCreate(name=str(NAMES["network"]))])
    gateway = ExternalGateway(network_id=public["id"])
    (router,) = routers.create(tx, owner, [RouterCreate(name=str(NAMES["router"]), external_gateway_info=gateway)])
    asked = []
    for version in (4, 6):
        pool = subnetpools_store.default_of(tx, version)
        if pool is not None:
            asked.append(
                SubnetCreate(
                    network_id=network["id"], name=NAMES[version], ip_version=version, subnetpool_id=pool["id"]
                )
            )  # fmt: skip
    if not asked:
        asked = [SubnetCreate(network_id=network["id"], name=NAMES[4], ip_version=4, cidr=CIDR)]
    for subnet in subnets.create(tx, owner, asked):
        router_interfaces.add(tx, owner, router["id"], subnet["id"], None)
    return AutoAllocatedTopologyRow(project_id=project_id, network_id=network["id"], router_id=router["id"])
