"""A network as a logical switch, with the DHCP options of its subnets and its connection to a physical network."""

from kumoi.engines.network.interface import NetworkError, NetworkSpec
from kumoi.engines.network.ovn import dhcp
from kumoi.engines.network.ovn.rows import Rendering, Row, Rows, row_id

KIND = "network"
SWITCH = "Logical_Switch"
PORT = "Logical_Switch_Port"


def apply(rows: Rows, network: NetworkSpec, revision: int) -> None:
    rows.admit(KIND, network.id, revision)
    before = rows.find(SWITCH, row_id(KIND, network.id))
    old_subnets = set() if before is None else set(before.external_ids.get("kumoi:subnets", "").split())
    subnets = " ".join(subnet.id for subnet in network.subnets)
    switch = rows.put(
        SWITCH,
        row_id(KIND, network.id),
        name=network.id,
        external_ids=rows.stamp(KIND, network.id, revision, name=network.name, subnets=subnets),
    )
    for subnet in network.subnets:
        dhcp.put_subnet(rows, network, subnet)
    for gone in old_subnets - {subnet.id for subnet in network.subnets}:
        dhcp.drop_subnet(rows, gone)
    _physical(rows, switch, network)
    for port in [] if rows.is_new(switch) else switch.ports:
        if port.external_ids.get("kumoi:kind") == "port":
            refresh_dhcp(rows, port)


def remove(rows: Rows, network_id: str, revision: int) -> None:
    rows.admit(KIND, network_id, revision, removed=True)
    switch = rows.find(SWITCH, row_id(KIND, network_id))
    if switch is None:
        return
    hanging = [port.name for port in switch.ports if port.type != "localnet"]
    if hanging:
        raise NetworkError(f"network {network_id} still has ports: {', '.join(sorted(hanging)[:5])}")
    for subnet_id in switch.external_ids.get("kumoi:subnets", "").split():
        dhcp.drop_subnet(rows, subnet_id)
    switch.delete()


def need(rows: Rows, network_id: str) -> Row:
    return rows.need(SWITCH, row_id(KIND, network_id), f"network {network_id}")


def refresh_dhcp(rows: Rows, port: Row) -> None:
    """Point a port at the current DHCP options of its subnets."""
    identifiers = port.external_ids
    columns = dhcp.columns_of_port(
        rows,
        identifiers["kumoi:id"],
        identifiers.get("kumoi:subnets", "").split(),
        dhcp.decode(identifiers.get("kumoi:dhcp", "[]")),
    )
    rows.put(PORT, port.uuid, **columns)


def _physical(rows: Rows, switch: Row, network: NetworkSpec) -> None:
    identifier = row_id("localnet", network.id)
    if network.physical_network is None:
        port = rows.find(PORT, identifier)
        if port is not None:
            rows.part(switch, "ports", port)
        return
    port = rows.put(
        PORT,
        identifier,
        name=f"localnet-{network.id}",
        type="localnet",
        addresses=["unknown"],
        options={"network_name": network.physical_network},
        tag=[] if network.vlan is None else [network.vlan],
        external_ids={"kumoi:kind": "localnet", "kumoi:id": network.id},
    )
    if rows.is_new(port):
        rows.join(switch, "ports", port)


RENDERING = Rendering(NetworkSpec, SWITCH, apply, remove)
