"""Metadata is answered on every host that holds a port of a network with a metadata port, and on no other."""

from kumoi.engines.hosts import Hosts
from kumoi.engines.network.interface import ServedNetwork, Wiring
from kumoi.kernel import polls
from kumoi.kernel.database import Transaction
from kumoi.kernel.fences import Fence
from kumoi.kernel.reconcile import Reconciler, View
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.metadata import logic
from kumoi.services.network.networks import store as networks_store
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import METADATA
from kumoi.services.network.subnet_rows import store as subnets_store

WITHIN = 20.0
"""Seconds that all hosts have."""


def desired(tx: Transaction, network_ids: list[str]) -> dict[str, tuple[ServedNetwork, set[str]]]:
    """Network id → what its hosts serve, and those hosts. Networks without metadata are missing."""
    rows = networks_store.by_ids(tx, network_ids)
    port_rows = ports_store.of_networks(tx, list(rows), [METADATA])
    given = addresses_store.of_ports(tx, [row["id"] for row in port_rows])
    on = subnets_store.by_ids(tx, list({subnet_id for pairs in given.values() for subnet_id, _ in pairs}))
    hosts = ports_store.networks_with_host(tx, list(rows))
    return {
        row["network_id"]: (
            ServedNetwork(
                network_id=row["network_id"],
                port_id=row["id"],
                mac=row["mac_address"],
                mtu=rows[row["network_id"]]["mtu"],
                addresses=[
                    f"{address}/{on[subnet_id]['cidr'].partition('/')[2]}"
                    for subnet_id, address in given.get(row["id"], ())
                ],
            ),
            hosts.get(row["network_id"], set()),
        )
        for row in port_rows
    }


def desired_all(tx: Transaction) -> dict[str, set[str]]:
    """Network id → hosts that should serve it, for every network with metadata."""
    network_ids = ports_store.networks_of_owner(tx, METADATA)
    hosts = ports_store.networks_with_host(tx, network_ids)
    return {network_id: hosts.get(network_id, set()) for network_id in network_ids}


def apply(view: View, batch: dict[str, int]) -> None:
    wanted = view.read(lambda tx: desired(tx, list(batch)))
    hosts = view.engine(Hosts)
    answers = polls.ask(
        "serving", hosts.names(), lambda host: _on_host(hosts.wiring(host), host, wanted, batch), WITHIN
    )
    for failure in answers.values():
        if failure:
            raise failure


def _on_host(
    wiring: Wiring, host: str, wanted: dict[str, tuple[ServedNetwork, set[str]]], batch: dict[str, int]
) -> None:
    served: dict[str, str] | None = None
    for network_id, revision in batch.items():
        fence = Fence(f"network/{network_id}", revision)
        if network_id in wanted and host in wanted[network_id][1]:
            wiring.serve_network(fence, wanted[network_id][0])
            continue
        if served is None:
            served = wiring.served_networks()
        if network_id in served:
            wiring.unserve_network(fence, network_id)


RECONCILER = Reconciler(logic.KIND, apply, order=60, asks_hosts=True)
