"""Ports of the tables → the topology's, many in one transaction."""

import sqlalchemy as sa

from kumoi.engines.network.interface import AddressPair, DhcpOption, FixedAddress, PortKind, PortSpec, Topology
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import Reconciler, View
from kumoi.services.network import spelling
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import METADATA, NOT_PLUGGED, PortDetails
from kumoi.services.network.port_rows.models import ports as ports_table
from kumoi.services.network.ports import logic, states
from kumoi.services.network.topology import Part


def desired(tx: Transaction, port_ids: list[str]) -> dict[str, PortSpec]:
    """id → desired content. Deleted ports, and ports of routers and floating IPs, are missing."""
    rows = ports_store.detailed(
        tx, [row for row in ports_store.by_ids(tx, port_ids).values() if row["device_owner"] not in NOT_PLUGGED]
    )
    return {row["id"]: _port(row) for row in rows}


def apply(view: View, batch: dict[str, int]) -> None:
    states.follow(view)
    wanted = view.read(lambda tx: desired(tx, list(batch)))
    PART.remove(view, {port_id: revision for port_id, revision in batch.items() if port_id not in wanted})
    if wanted:
        view.engine(Topology).apply_all([(spec, batch[port_id]) for port_id, spec in wanted.items()])


def _port(row: PortDetails) -> PortSpec:
    return PortSpec(
        id=row["id"],
        network_id=row["network_id"],
        mac=row["mac_address"],
        name=row["name"],
        kind=PortKind.LOCALPORT if row["device_owner"] == METADATA else PortKind.VIF,
        fixed_addresses=[FixedAddress(subnet_id, address) for subnet_id, address in row["fixed_ips"]],
        admin_state_up=row["admin_state_up"],
        port_security=row["port_security_enabled"],
        security_groups=row["security_groups"],
        address_pairs=[
            AddressPair(spelling.prefix(pair["ip_address"]), spelling.mac(pair["mac_address"]))
            for pair in row["allowed_address_pairs"] or ()
        ],
        dhcp_options=[
            DhcpOption(option["opt_name"], option["opt_value"], option["ip_version"])
            for option in row["extra_dhcp_opts"] or ()
        ],
        host=row["host"] or None,
    )


PART = Part(
    logic.KIND,
    ids=sa.select(ports_table.c.id).where(ports_table.c.device_owner.not_in(NOT_PLUGGED)),
    content=PortSpec,
    desired=desired,
)
RECONCILER = Reconciler(PART.kind, apply, order=30)
