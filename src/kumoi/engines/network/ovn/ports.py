"""A port as a logical switch port: its addresses, its port security, and its security groups."""

from kumoi.engines.network.interface import PortKind, PortSpec
from kumoi.engines.network.ovn import dhcp, networks, security_groups
from kumoi.engines.network.ovn.networks import PORT
from kumoi.engines.network.ovn.rows import Rendering, Rows, row_id

KIND = "port"


def apply(rows: Rows, port: PortSpec, revision: int) -> None:
    rows.admit(KIND, port.id, revision)
    switch = networks.need(rows, port.network_id)
    before = rows.find(PORT, row_id(KIND, port.id))
    secured = port.port_security and port.kind is PortKind.VIF
    groups = set(port.security_groups) if secured else set()
    old_groups = set() if before is None else set(before.external_ids.get("kumoi:groups", "").split())
    row = rows.put(
        PORT,
        row_id(KIND, port.id),
        name=port.id,
        type="localport" if port.kind is PortKind.LOCALPORT else "",
        addresses=_addresses(port),
        port_security=_allowed(port) if secured else [],
        enabled=[port.admin_state_up],
        options={} if port.host is None else {"requested-chassis": port.host},
        external_ids=rows.stamp(
            KIND,
            port.id,
            revision,
            name=port.name,
            network=port.network_id,
            subnets=" ".join(fixed.subnet_id for fixed in port.fixed_addresses),
            dhcp=dhcp.encode(port.dhcp_options),
            groups=" ".join(sorted(groups)),
        ),
    )
    if rows.is_new(row):
        rows.join(switch, "ports", row)
    networks.refresh_dhcp(rows, row)
    drop = security_groups.drop_group(rows)
    if secured:
        rows.join(drop, "ports", row)
    elif before is not None:
        rows.part(drop, "ports", row)
    for group_id in groups:
        rows.join(security_groups.port_group(rows, group_id), "ports", row)
    for group_id in old_groups - groups:
        group = security_groups.find(rows, group_id)
        if group is not None:
            rows.part(group, "ports", row)


def remove(rows: Rows, port_id: str, revision: int) -> None:
    rows.admit(KIND, port_id, revision, removed=True)
    row = rows.find(PORT, row_id(KIND, port_id))
    if row is None:
        return
    dhcp.drop_port(rows, port_id)
    switch = rows.find(networks.SWITCH, row_id(networks.KIND, row.external_ids["kumoi:network"]))
    if switch is not None:
        rows.part(switch, "ports", row)


def _addresses(port: PortSpec) -> list[str]:
    """The addresses that the switch forwards to this port. A pair's own MAC is an additional one."""
    own = " ".join([port.mac, *(fixed.address for fixed in port.fixed_addresses)])
    others = {pair.mac for pair in port.address_pairs if pair.mac is not None and pair.mac != port.mac}
    return [own, *sorted(others), *([] if port.port_security else ["unknown"])]


def _allowed(port: PortSpec) -> list[str]:
    """The addresses that the port may use, one entry for each MAC."""
    allowed = {port.mac: [fixed.address for fixed in port.fixed_addresses]}
    for pair in port.address_pairs:
        addresses = allowed.setdefault(pair.mac or port.mac, [])
        if pair.address not in addresses:
            addresses.append(pair.address)
    return [" ".join([mac, *addresses]) for mac, addresses in allowed.items()]


RENDERING = Rendering(PortSpec, networks.PORT, apply, remove)
