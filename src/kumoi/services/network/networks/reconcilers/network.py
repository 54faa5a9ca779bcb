"""Networks of the tables, with their subnets → the topology's."""

import sqlalchemy as sa

from kumoi.engines.network.interface import HostRoute, NetworkSpec, SubnetSpec
from kumoi.kernel import reconcile, resolvers
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import Reconciler, View
from kumoi.services.network import spelling
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.network_rows.models import networks as networks_table
from kumoi.services.network.networks import logic, store
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import METADATA
from kumoi.services.network.subnet_rows import store as subnets_store
from kumoi.services.network.subnet_rows.models import SubnetRow
from kumoi.services.network.topology import Part, parts


def desired(tx: Transaction, network_ids: list[str]) -> dict[str, NetworkSpec]:
    """id → desired content. Deleted networks are missing."""
    rows = store.by_ids(tx, network_ids)
    on = subnets_store.of_networks(tx, list(rows))
    answering = _metadata_addresses(tx, list(rows))
    return {
        network_id: NetworkSpec(
            id=network_id,
            name=row["name"],
            mtu=row["mtu"],
            external=row["external"],
            physical_network=row["physical_network"],
            vlan=row["segmentation_id"] if row["network_type"] == "vlan" else None,
            dns_domain=row["dns_domain"],
            subnets=[_subnet(one, answering.get(one["id"])) for one in on.get(network_id, [])],
        )
        for network_id, row in rows.items()
    }


def apply(view: View, batch: dict[str, int]) -> None:
    wanted = view.read(lambda tx: desired(tx, list(batch)))
    PART.apply(view, wanted, batch)
    gone = {network_id: revision for network_id, revision in batch.items() if network_id not in wanted}
    if gone:
        _let_go(view)
    PART.remove(view, gone)


def _let_go(view: View) -> None:
    """A network can be removed only after its dependents: reconcile those at once."""
    due = view.read(reconcile.pending)
    for part in reversed(parts()):
        reconciler = reconcile.reconcilers[part.kind]
        batch = {row["id"]: row["wanted"] for row in due if row["kind"] == part.kind}
        if batch and reconciler.order > RECONCILER.order:
            reconciler.apply(view, batch)


def _metadata_addresses(tx: Transaction, network_ids: list[str]) -> dict[str, str]:
    """subnet id → the metadata port's address in it."""
    rows = ports_store.of_networks(tx, network_ids, [METADATA])
    given = addresses_store.of_ports(tx, [row["id"] for row in rows])
    return dict(pair for pairs in given.values() for pair in pairs)


def _subnet(row: SubnetRow, metadata_address: str | None) -> SubnetSpec:
    return SubnetSpec(
        id=row["id"],
        cidr=row["cidr"],
        gateway=row["gateway_ip"],
        enable_dhcp=row["enable_dhcp"],
        dns_servers=[spelling.address(server) for server in row["dns_nameservers"] or ()]
        or resolvers.of_guests(row["ip_version"]),
        host_routes=[
            HostRoute(spelling.prefix(route["destination"]), spelling.address(route["nexthop"]))
            for route in row["host_routes"] or ()
        ],
        ipv6_ra_mode=row["ipv6_ra_mode"],
        ipv6_address_mode=row["ipv6_address_mode"],
        metadata_address=metadata_address,
    )


PART = Part(logic.KIND, ids=sa.select(networks_table.c.id), content=NetworkSpec, desired=desired)
RECONCILER = Reconciler(PART.kind, apply, order=20)
