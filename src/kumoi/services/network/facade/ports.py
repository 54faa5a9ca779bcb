"""Ports of devices that have network cards, such as servers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa

from kumoi.kernel import quotas, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context
from kumoi.kernel.reconcile import View
from kumoi.kernel.who import Who
from kumoi.services.network import ownership
from kumoi.services.network.addresses.errors import InvalidIpForNetwork
from kumoi.services.network.addresses.logic import Wish
from kumoi.services.network.addresses.models import addresses as addresses_table
from kumoi.services.network.auto_allocated_topologies import logic as auto_allocated_topologies
from kumoi.services.network.auto_allocated_topologies.errors import AutoAllocationFailure
from kumoi.services.network.errors import InvalidInput
from kumoi.services.network.facade.errors import (
    InvalidFixedAddress,
    NetworkNotFound,
    NetworkNotNamed,
    NetworkNotUsable,
    NetworksAmbiguous,
    NetworkWithoutSubnet,
    NoNetwork,
    PortInUse,
    PortNamedTwice,
    PortNotFound,
    PortOfAnotherProject,
)
from kumoi.services.network.floating_ips.models import floating_ips as floating_ips_table
from kumoi.services.network.network_rows.models import NetworkRow
from kumoi.services.network.network_rows.models import networks as networks_table
from kumoi.services.network.networks import store as networks_store
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import ACTIVE, DOWN, NO_CARD, SERVERS, PortRow
from kumoi.services.network.port_rows.models import port_security_groups as port_security_groups_table
from kumoi.services.network.port_rows.models import ports as ports_table
from kumoi.services.network.ports import logic as ports_logic
from kumoi.services.network.ports import states
from kumoi.services.network.security_groups import logic as security_groups
from kumoi.services.network.security_groups.models import DEFAULT
from kumoi.services.network.security_groups.models import security_groups as group_table
from kumoi.services.network.subnet_rows import store as subnets_store

CARDS_CHANGED = SERVERS
"""Dirty rows of this kind name devices whose ports were deleted or have new addresses. The service of the devices
reconciles them."""


@dataclass(frozen=True)
class Port:
    """`fixed_addresses`: (subnet id, address, IP version), in order. `floating`: fixed address → its floating addresses.
    `created_for_device`: it is deleted with the device. `host` is empty while it is not bound."""

    id: str
    network_id: str
    network_name: str
    mac: str
    status: str
    admin_state_up: bool
    mtu: int
    device_id: str
    device_owner: str
    project_id: str
    host: str
    port_security: bool
    fixed_addresses: tuple[tuple[str, str, int], ...]
    floating: dict[str, list[str]]
    security_groups: tuple[tuple[str, str], ...]
    created_for_device: bool
    tag: str | None

    @property
    def up(self) -> bool:
        return self.status == ACTIVE


@dataclass(frozen=True)
class Wanted:
    """A requested network card: on a network (with a given address or not), or an existing port."""

    network_id: str | None = None
    port_id: str | None = None
    fixed_ip: str | None = None
    tag: str | None = None


def plan(
    tx: Transaction,
    who: Who,
    wanted: Sequence[Wanted] | Literal["auto", "none"] | None,
    *,
    project_id: str | None = None,
) -> list[Wanted]:
    """Check the networks and ports for a device, without taking anything. None and "auto": the only network that the
    project can use. If it can use none, None means no network, and "auto" one that is made for it. `project_id`: the device's
    project, which may differ from the caller's; the caller determines only which networks and ports may be named.
    Raises NetworksAmbiguous, NoNetwork, NetworkNotNamed, NetworkNotFound, NetworkNotUsable, NetworkWithoutSubnet,
    PortNamedTwice, PortNotFound, PortOfAnotherProject, PortInUse."""
    project_id = project_id or who.project_id or ""
    if wanted == "none":
        return []
    if wanted is None or wanted == "auto":
        usable = networks_store.for_servers(tx, project_id)
        if len(usable) > 1:
            raise NetworksAmbiguous(project_id)
        if wanted == "auto" and not usable:
            return [Wanted(network_id=_allocated(tx, who, project_id))]
        return [Wanted(network_id=network["id"]) for network in usable]
    assert not isinstance(wanted, str)
    named = networks_store.by_ids(tx, [one.network_id for one in wanted if one.network_id])
    seen: set[str] = set()
    for one in wanted:
        if one.port_id is not None:
            if one.port_id in seen:
                raise PortNamedTwice(one.port_id)
            seen.add(one.port_id)
            _free_port(tx, who, one.port_id, project_id)
        elif one.network_id is not None:
            _usable_network(tx, who, one.network_id, named.get(one.network_id))
            if one.fixed_ip is not None:
                # As for a port of its own: on networks of other projects, a caller cannot choose the address.
                ownership.must_own(who, named[one.network_id], "create_port:fixed_ips:ip_address")
        else:
            raise NetworkNotNamed()
    return list(wanted)


def create(
    tx: Transaction,
    who: Who,
    device_id: str,
    wanted: Sequence[Wanted],
    security_group_names: Sequence[str] = (),
    *,
    owner: str,
    project_id: str | None = None,
) -> list[str]:
    """Create or take the device's ports (permissions, quota, addresses) in the caller's transaction. Returns their ids,
    in order.

    `owner`: the API's device_owner, `compute:nova`. `security_group_names`: names or ids for new ports, which must
    exist even if no port is created; empty: the project's default group. `project_id` as for `plan`: ports, quota and
    groups are that project's. The calling route must declare quota `port`. Raises the errors of `plan`, and
    IpAddressGenerationFailure, IpAddressAlreadyAllocated, InvalidFixedAddress, SecurityGroupNotFound,
    SecurityGroupsAmbiguous, OverQuota.
    """
    project_id = project_id or who.project_id or ""
    planned = plan(tx, who, list(wanted), project_id=project_id)
    named = networks_store.by_ids(tx, [one.network_id for one in planned if one.network_id and not one.port_id])
    group_ids = security_groups.named(tx, project_id, security_group_names) if security_group_names else None
    port_ids = []
    there = [row["device_position"] for row in _of_device(tx, device_id)]
    for position, one in enumerate(planned, max(there, default=-1) + 1):
        if one.port_id is not None:
            ports_store.change(
                tx, one.port_id, device_id=device_id, device_owner=owner, device_tag=one.tag, device_position=position
            )
            reconcile.mark(tx, ports_logic.KIND, one.port_id)
            port_ids.append(one.port_id)
            continue
        assert one.network_id is not None
        network = named[one.network_id]
        if group_ids is None:
            group_ids = security_groups.named(tx, project_id, [DEFAULT])
        port_ids.append(_make(tx, project_id, one, network, group_ids, (device_id, owner, position)))
    return port_ids


def bind(tx: Transaction, device_id: str, host: str) -> list[str]:
    """The device's ports are wanted on `host` now; their ids, in order. The topology follows."""
    rows = _of_device(tx, device_id)
    there = {
        network_id for network_id in {row["network_id"] for row in rows} if ports_store.is_on(tx, network_id, host)
    }
    for row in rows:
        if row["host"] != host:
            ports_store.change(tx, row["id"], host=host)
            reconcile.mark(tx, ports_logic.KIND, row["id"])
    ports_logic.mark_metadata(tx, {row["network_id"] for row in rows} - there)
    return [row["id"] for row in rows]


def unbind(tx: Transaction, device_id: str) -> None:
    """The device is on no host. It keeps its ports."""
    _unbind(tx, _of_device(tx, device_id))


def release(tx: Transaction, device_id: str) -> None:
    """Delete the ports that were created for the device, and release the others. Repeated calls do nothing."""
    _release(tx, _of_device(tx, device_id))


def release_one(tx: Transaction, device_id: str, port_id: str) -> None:
    """As `release`, for one port. Does nothing if the port does not belong to the device."""
    _release(tx, [row for row in _of_device(tx, device_id) if row["id"] == port_id])


def of_devices(tx: Transaction, device_ids: Sequence[str]) -> dict[str, list[Port]]:
    """Device → its ports in order; devices without are missing."""
    found: dict[str, list[Port]] = {}
    for port in _ports(tx, ports_store.of_servers(tx, device_ids)):
        found.setdefault(port.device_id, []).append(port)
    return found


def by_ids(tx: Transaction, port_ids: Sequence[str]) -> dict[str, Port]:
    return {port.id: port for port in _ports(tx, list(ports_store.by_ids(tx, port_ids).values()))}


def all_up(tx: Transaction, port_ids: Sequence[str]) -> bool:
    """Whether the topology reports all of them as plugged with their flows installed. Ports that are administratively
    down or deleted are ignored."""
    return not port_ids or not ports_store.count_waited_for(tx, port_ids)


def look_again(context: Context) -> None:
    """Write the topology's state of every port that differs in the tables. A port that was plugged on another host, or
    again, may have been down for so short a time that the topology reports no change."""
    states.compare(View(context.database, context.engine))


def cards(tx: Transaction) -> list[tuple[str, str]]:
    """(device, port) of every port that a device has as a card."""
    query = sa.select(ports_table.c.device_id, ports_table.c.id).where(ports_table.c.device_position >= 0)
    return [(row[0], row[1]) for row in tx.tuples(query)]


def device_ids(tx: Transaction) -> set[str]:
    """Devices that have ports as cards."""
    query = sa.select(ports_table.c.device_id).where(ports_table.c.device_position >= 0).distinct()
    return set(tx.column(query))


def _allocated(tx: Transaction, who: Who, project_id: str) -> str:
    try:
        return auto_allocated_topologies.ensure(tx, who, project_id)
    except AutoAllocationFailure:
        raise NoNetwork(project_id) from None


def _usable_network(tx: Transaction, who: Who, network_id: str, network: NetworkRow | None) -> None:
    if network is None or not (who.sees(network["project_id"]) or network["shared"] or network["external"]):
        raise NetworkNotFound(network_id)
    if not (ownership.owns(who, network) or network["shared"]):
        raise NetworkNotUsable(network_id)
    if not subnets_store.of_network(tx, network_id):
        raise NetworkWithoutSubnet(network_id)


def _free_port(tx: Transaction, who: Who, port_id: str, project_id: str) -> None:
    port = ports_store.find(tx, port_id)
    if port is None or not who.sees(port["project_id"]):
        raise PortNotFound(port_id)
    if port["project_id"] != project_id:
        raise PortOfAnotherProject(port_id)
    if port["device_id"]:
        raise PortInUse(port_id, port["network_id"], port["device_id"])


def _make(
    tx: Transaction,
    project_id: str,
    one: Wanted,
    network: NetworkRow,
    group_ids: list[str],
    device: tuple[str, str, int],
) -> str:
    """The id of the new port. `device`: its id, the owner's name, and the number of the card."""
    quotas.take(tx, "network", project_id, {"port": 1})
    try:
        row = ports_logic.make(
            tx,
            network,
            project_id=project_id,
            fixed=None if one.fixed_ip is None else [Wish(address=one.fixed_ip)],
            groups=group_ids if network["port_security_enabled"] else [],
            device_id=device[0],
            device_owner=device[1],
            device_position=device[2],
            port_security_enabled=network["port_security_enabled"],
            made_for_server=True,
            device_tag=one.tag,
        )
    except (InvalidIpForNetwork, InvalidInput) as error:
        raise InvalidFixedAddress(one.fixed_ip or "", error.message) from None
    return str(row["id"])


def _of_device(tx: Transaction, device_id: str) -> list[PortRow]:
    return ports_store.of_servers(tx, [device_id])


def _unbind(tx: Transaction, rows: Iterable[PortRow]) -> None:
    bound = [row for row in rows if row["host"]]
    for row in bound:
        status = DOWN if row["status"] == ACTIVE else row["status"]
        ports_store.change(tx, row["id"], host="", status=status)
        reconcile.mark(tx, ports_logic.KIND, row["id"])
    ports_logic.mark_metadata(tx, {row["network_id"] for row in bound})


def _release(tx: Transaction, rows: Sequence[PortRow]) -> None:
    kept = [row for row in rows if not row["made_for_server"]]
    _unbind(tx, kept)
    for row in kept:
        ports_store.change(tx, row["id"], device_id="", device_owner="", device_tag=None, device_position=NO_CARD)
    ports_logic.remove(tx, [row for row in rows if row["made_for_server"]])


def _among(column: sa.Column[str], several: bool) -> sa.ColumnElement[bool]:
    """Whether the column has one of the values `ids`, or, quicker, the one value `ids`."""
    return column.in_(sa.bindparam("ids", expanding=True)) if several else column == sa.bindparam("ids")


@cache
def _places(several: bool) -> sa.Select[Any]:
    """The network of each port, with each of the port's addresses."""
    leads_here = sa.and_(
        floating_ips_table.c.port_id == addresses_table.c.port_id,
        floating_ips_table.c.fixed_ip_address == addresses_table.c.address,
    )
    return (
        sa.select(
            ports_table.c.id,
            networks_table.c.name,
            networks_table.c.mtu,
            addresses_table.c.subnet_id,
            addresses_table.c.address,
            floating_ips_table.c.floating_ip_address,
        )
        .join(networks_table, networks_table.c.id == ports_table.c.network_id)
        .outerjoin(addresses_table, addresses_table.c.port_id == ports_table.c.id)
        .outerjoin(floating_ips_table, leads_here)
        .where(_among(ports_table.c.id, several))
        .order_by(ports_table.c.id, addresses_table.c.position)
    )


@cache
def _groups(several: bool) -> sa.Select[Any]:
    return (
        sa.select(port_security_groups_table.c.port_id, group_table.c.id, group_table.c.name)
        .join(group_table, group_table.c.id == port_security_groups_table.c.security_group_id)
        .where(_among(port_security_groups_table.c.port_id, several))
        .order_by(port_security_groups_table.c.security_group_id)
    )


def _found(tx: Transaction, statement: Callable[[bool], sa.Select[Any]], ids: Sequence[str]) -> list[tuple[Any, ...]]:
    several = len(ids) > 1
    return tx.tuples(statement(several), {"ids": ids if several else ids[0]})


def _ports(tx: Transaction, rows: list[PortRow]) -> list[Port]:
    """The facade's Ports of the rows, in the same order. Uses two statements for all rows, because every server that
    is shown needs this."""
    ids = [row["id"] for row in rows]
    fixed: dict[str, list[tuple[str, str, int]]] = {}
    floating: dict[str, dict[str, list[str]]] = {}
    memberships: dict[str, list[tuple[str, str]]] = {}
    on: dict[str, tuple[str, int]] = {}
    if ids:
        for port_id, name, mtu, subnet_id, address, leads_here in _found(tx, _places, ids):
            on[port_id] = name, mtu
            if address is None:
                continue
            place = (subnet_id, address, 6 if ":" in address else 4)
            if place not in (known := fixed.setdefault(port_id, [])):
                known.append(place)
            if leads_here is not None:
                floating.setdefault(port_id, {}).setdefault(address, []).append(leads_here)
        for port_id, group_id, name in _found(tx, _groups, ids):
            memberships.setdefault(port_id, []).append((group_id, name))
    return [
        Port(
            id=row["id"],
            network_id=row["network_id"],
            network_name=on[row["id"]][0],
            mac=row["mac_address"],
            status=row["status"],
            admin_state_up=row["admin_state_up"],
            mtu=on[row["id"]][1],
            device_id=row["device_id"],
            device_owner=row["device_owner"],
            project_id=row["project_id"],
            host=row["host"],
            port_security=row["port_security_enabled"],
            fixed_addresses=tuple(fixed.get(row["id"], ())),
            floating=floating.get(row["id"], {}),
            security_groups=tuple(memberships.get(row["id"], ())),
            created_for_device=row["made_for_server"],
            tag=row["device_tag"],
        )
        for row in rows
    ]
