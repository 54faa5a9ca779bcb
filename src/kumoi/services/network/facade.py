"""All that other services may ask of networks: ports for servers, in the caller's transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from kumoi.kernel import patterns, quotas, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Conflict, Forbidden
from kumoi.kernel.who import Who
from kumoi.services.network import ownership
from kumoi.services.network.addresses import store as given_addresses
from kumoi.services.network.addresses.errors import (
    InvalidIpForNetwork,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
)
from kumoi.services.network.addresses.logic import Wish
from kumoi.services.network.addresses.models import addresses
from kumoi.services.network.errors import InvalidInput
from kumoi.services.network.floating_ips import store as floating_ips
from kumoi.services.network.metadata import documents
from kumoi.services.network.networks import store as networks
from kumoi.services.network.ports import logic as ports_logic
from kumoi.services.network.ports import store as ports
from kumoi.services.network.ports.models import ACTIVE, DOWN, NO_CARD, SERVERS
from kumoi.services.network.ports.models import ports as ports_table
from kumoi.services.network.security_groups import logic as security_groups
from kumoi.services.network.security_groups import store as groups
from kumoi.services.network.security_groups.errors import SecurityGroupNotFound
from kumoi.services.network.security_groups.models import DEFAULT
from kumoi.services.network.subnets import store as subnets
from kumoi.services.network.subnets.models import subnets as subnets_table

OWNER = "compute:"
CARDS_CHANGED = SERVERS
"""Kind of dirty rows that name servers: ports of theirs are gone, or have other addresses. Whoever has the guests
reconciles it."""


@dataclass(frozen=True)
class Port:
    """`fixed_addresses`: (subnet id, address, IP version), in order. `floating`: fixed address → floating address.
    `created_for_server`: it goes with the server. `host` is empty while it is not bound."""

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
    floating: dict[str, str]
    security_groups: tuple[tuple[str, str], ...]
    created_for_server: bool
    tag: str | None

    @property
    def up(self) -> bool:
        return self.status == ACTIVE


@dataclass(frozen=True)
class Wanted:
    """One network card of a server: on a network (with an address of it, if one is named), or an existing port."""

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
    """What a server will be plugged into, checked as far as nothing is taken. None and "auto": the one network that
    the project can use; when it can use none, None is nothing and "auto" is refused. `project_id`: the server's project,
    where it need not be the caller's, who says only which networks and ports may be named. BadRequest, Forbidden or
    Conflict in compute's words."""
    project_id = project_id or who.project_id or ""
    if wanted == "none":
        return []
    if wanted is None or wanted == "auto":
        usable = networks.for_servers(tx, project_id)
        if len(usable) > 1:
            raise Conflict("Multiple possible networks found, use a Network ID to be more specific.")
        if wanted == "auto" and not usable:
            raise BadRequest(
                f"Invalid input for field/attribute networks. Value: auto. Project {project_id} has no network to use, "
                "and none is made for it."
            )
        return [Wanted(network_id=network["id"]) for network in usable]
    assert not isinstance(wanted, str)
    named = networks.by_ids(tx, [one.network_id for one in wanted if one.network_id])
    seen: set[str] = set()
    for one in wanted:
        if one.port_id is not None:
            if one.port_id in seen:
                raise BadRequest(f"Port {one.port_id} is specified more than once (networks.port).")
            seen.add(one.port_id)
            _free_port(tx, who, one.port_id, project_id)
        elif one.network_id is not None:
            _usable_network(tx, who, one.network_id, named.get(one.network_id))
        else:
            raise BadRequest("A network needs a uuid or a port (networks).")
    return list(wanted)


def create_ports(
    tx: Transaction,
    who: Who,
    server_id: str,
    wanted: Sequence[Wanted],
    security_group_names: Sequence[str] = (),
    availability_zone: str = "nova",
    *,
    project_id: str | None = None,
) -> list[str]:
    """Make or take the server's ports: rights, quota, addresses, all in the caller's transaction; their ids, in order.

    `security_group_names`: names or ids, for ports that are made; none: the project's default. `project_id` as for `plan`:
    ports, quota and groups are that project's. The calling route must declare quota `port`. Raises BadRequest, Forbidden,
    Conflict and OverQuota in compute's words.
    """
    project_id = project_id or who.project_id or ""
    planned = plan(tx, who, list(wanted), project_id=project_id)
    named = networks.by_ids(tx, [one.network_id for one in planned if one.network_id and not one.port_id])
    owner = f"{OWNER}{availability_zone}"
    group_ids: list[str] | None = None
    port_ids = []
    there = [row["device_position"] for row in _of_server(tx, server_id)]
    for position, one in enumerate(planned, max(there, default=-1) + 1):
        if one.port_id is not None:
            ports.change(
                tx, one.port_id, device_id=server_id, device_owner=owner, device_tag=one.tag, device_position=position
            )
            reconcile.mark(tx, ports_logic.KIND, one.port_id)
            port_ids.append(one.port_id)
            continue
        assert one.network_id is not None
        network = named[one.network_id]
        if group_ids is None:
            group_ids = _groups(tx, project_id, security_group_names)
        port_ids.append(_make(tx, project_id, one, network, group_ids, (server_id, owner, position)))
    return port_ids


def check_security_groups(tx: Transaction, who: Who, names: Sequence[str]) -> None:
    """BadRequest when one does not exist, Conflict when a name stands for several."""
    _groups(tx, who.project_id or "", names)


def add_security_group(tx: Transaction, project_id: str, server_id: str, name: str) -> None:
    """Each of the server's ports that is secured is in the project's group (by name or id) from now on.
    SecurityGroupNotFound, and BadRequest when the server has no such port."""
    (group_id,) = security_groups.named(tx, project_id, [name])
    secured = [row for row in _of_server(tx, server_id) if row["port_security_enabled"]]
    if not secured:
        raise BadRequest(f"Security group {name} cannot be added: no port of instance {server_id} is secured.")
    _regroup(tx, secured, lambda groups: [*groups, group_id])


def remove_security_group(tx: Transaction, project_id: str, server_id: str, name: str) -> None:
    """No port of the server is in the group any more. SecurityGroupNotFound, also when none was."""
    (group_id,) = security_groups.named(tx, project_id, [name])
    rows = _of_server(tx, server_id)
    if not _regroup(tx, rows, lambda groups: [each for each in groups if each != group_id]):
        raise SecurityGroupNotFound(name)


def security_groups_of(tx: Transaction, server_id: str) -> list[dict[str, Any]]:
    """The groups that the server's ports are in: {id, name, description, project_id, rules: [{id,
    direction, ethertype, protocol, port_range_min, port_range_max, remote_ip_prefix, remote_group_id}]}."""
    memberships = ports.groups_of(tx, [row["id"] for row in _of_server(tx, server_id)])
    ids = list(dict.fromkeys(group_id for some in memberships.values() for group_id in some))
    found = groups.by_ids(tx, ids)
    return security_groups.detailed(tx, [found[group_id] for group_id in ids])


def _regroup(tx: Transaction, rows: Sequence[dict[str, Any]], change: Callable[[list[str]], list[str]]) -> int:
    """How many ports changed."""
    memberships = ports.groups_of(tx, [row["id"] for row in rows])
    changed = 0
    for row in rows:
        before = memberships.get(row["id"], [])
        after = list(dict.fromkeys(change(before)))
        if after != before:
            ports.set_groups(tx, row["id"], after)
            ports.change(tx, row["id"])
            reconcile.mark(tx, ports_logic.KIND, row["id"])
            changed += 1
    return changed


def bind(tx: Transaction, server_id: str, host: str) -> list[str]:
    """The server's ports are wanted on `host` now; their ids, in order. The topology follows."""
    rows = _of_server(tx, server_id)
    there = {network_id for network_id in {row["network_id"] for row in rows} if ports.is_on(tx, network_id, host)}
    for row in rows:
        if row["host"] != host:
            ports.change(tx, row["id"], host=host)
            reconcile.mark(tx, ports_logic.KIND, row["id"])
    ports_logic.mark_metadata(tx, {row["network_id"] for row in rows} - there)
    return [row["id"] for row in rows]


def unbind(tx: Transaction, server_id: str) -> None:
    """The server is on no host now; its ports stay its own."""
    _unbind(tx, _of_server(tx, server_id))


def release(tx: Transaction, server_id: str) -> None:
    """Delete the ports made for the server, free those that were given to it; again, it changes nothing."""
    _release(tx, _of_server(tx, server_id))


def release_port(tx: Transaction, server_id: str, port_id: str) -> None:
    """As `release`, for one port; nothing when the server has it no more."""
    _release(tx, [row for row in _of_server(tx, server_id) if row["id"] == port_id])


def of_servers(tx: Transaction, server_ids: Sequence[str]) -> dict[str, list[Port]]:
    """server id → its ports in order; servers without are missing."""
    found: dict[str, list[Port]] = {}
    for port in _ports(tx, ports.of_servers(tx, server_ids)):
        found.setdefault(port.device_id, []).append(port)
    return found


def by_ids(tx: Transaction, port_ids: Sequence[str]) -> dict[str, Port]:
    return {port.id: port for port in _ports(tx, list(ports.by_ids(tx, port_ids).values()))}


def all_up(tx: Transaction, port_ids: Sequence[str]) -> bool:
    """Whether the topology has said of each that it is plugged and its flows are there. A port that is
    administratively down, or gone, is not waited for."""
    return not port_ids or not ports.count_waited_for(tx, port_ids)


def network_data(tx: Transaction, port_ids: Sequence[str]) -> dict[str, Any]:
    """OpenStack's network_data.json: links, networks and services of these ports, in this order."""
    found = by_ids(tx, port_ids)
    return network_data_of(tx, [found[port_id] for port_id in port_ids if port_id in found])


def network_data_of(tx: Transaction, mine: Sequence[Port]) -> dict[str, Any]:
    """As `network_data`, of ports that the caller has read already."""
    on = subnets.by_ids(tx, list({subnet_id for port in mine for subnet_id, _, _ in port.fixed_addresses}))
    return documents.network_data(mine, on)


def servers_with_address(tx: Transaction, project_id: str | None, pattern: str, version: int) -> list[str]:
    """Servers of the project (None: of all) with a fixed address that the regular expression finds. BadRequest when it
    is no regular expression."""
    patterns.check(pattern, "ip" if version == 4 else "ip6")
    query = (
        sa.select(ports_table.c.device_id, addresses.c.address)
        .join(addresses, addresses.c.port_id == ports_table.c.id)
        .join(subnets_table, subnets_table.c.id == addresses.c.subnet_id)
        .where(ports_table.c.device_position >= 0, subnets_table.c.ip_version == version)
    )
    if project_id is not None:
        query = query.where(ports_table.c.project_id == project_id)
    return sorted({device_id for device_id, address in tx.tuples(query) if patterns.found(pattern, address)})


def cards(tx: Transaction) -> list[tuple[str, str]]:
    """(server, port) of every port that a server has."""
    query = sa.select(ports_table.c.device_id, ports_table.c.id).where(ports_table.c.device_position >= 0)
    return [(row["device_id"], row["id"]) for row in tx.all(query)]


def device_ids(tx: Transaction) -> set[str]:
    """Servers that ports name."""
    query = sa.select(ports_table.c.device_id).where(ports_table.c.device_position >= 0).distinct()
    return {row[0] for row in tx.execute(query)}


def _usable_network(tx: Transaction, who: Who, network_id: str, network: dict[str, Any] | None) -> None:
    if network is None or not (who.sees(network["project_id"]) or network["shared"] or network["external"]):
        raise BadRequest(f"Network {network_id} could not be found.")
    if not (ownership.owns(who, network) or network["shared"]):
        raise Forbidden(f"It is not allowed to create an interface on external network {network_id}")
    if not subnets.of_network(tx, network_id):
        raise BadRequest(f"Network {network_id} requires a subnet in order to boot instances on.")


def _free_port(tx: Transaction, who: Who, port_id: str, project_id: str) -> None:
    port = ports.find(tx, port_id)
    if port is None or not who.sees(port["project_id"]):
        raise BadRequest(f"Port id {port_id} could not be found.")
    if port["project_id"] != project_id:
        raise BadRequest(f"Port {port_id} is not usable: it belongs to another project than the server.")
    if port["device_id"]:
        raise Conflict(f"Port {port_id} is still in use.")


def _groups(tx: Transaction, project_id: str, names: Sequence[str]) -> list[str]:
    try:
        return security_groups.named(tx, project_id, names or [DEFAULT])
    except SecurityGroupNotFound:
        known = {name for name in names if name == DEFAULT or groups.by_name(tx, project_id, name)}
        missing = next((name for name in names if name not in known), names[0])
        raise BadRequest(f"Security group {missing} not found for project {project_id}.") from None


def _make(
    tx: Transaction,
    project_id: str,
    one: Wanted,
    network: dict[str, Any],
    group_ids: list[str],
    device: tuple[str, str, int],
) -> str:
    """`device`: the server, the owner's name, which card of the server this is. The port's id."""
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
    except IpAddressGenerationFailure:
        raise BadRequest(f"No fixed IP addresses available for network: {network['id']}") from None
    except IpAddressAlreadyAllocated:
        raise BadRequest(f"Fixed IP address {one.fixed_ip} is already in use on instance.") from None
    except (InvalidIpForNetwork, InvalidInput) as error:
        raise BadRequest(f"Fixed IP address {one.fixed_ip} is not a valid address of the network: {error}") from None
    return str(row["id"])


def _of_server(tx: Transaction, server_id: str) -> list[dict[str, Any]]:
    return ports.of_servers(tx, [server_id])


def _unbind(tx: Transaction, rows: Iterable[dict[str, Any]]) -> None:
    bound = [row for row in rows if row["host"]]
    for row in bound:
        status = DOWN if row["status"] == ACTIVE else row["status"]
        ports.change(tx, row["id"], host="", status=status)
        reconcile.mark(tx, ports_logic.KIND, row["id"])
    ports_logic.mark_metadata(tx, {row["network_id"] for row in bound})


def _release(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    kept = [row for row in rows if not row["made_for_server"]]
    _unbind(tx, kept)
    for row in kept:
        ports.change(tx, row["id"], device_id="", device_owner="", device_tag=None, device_position=NO_CARD)
    ports_logic.remove(tx, [row for row in rows if row["made_for_server"]])


def _ports(tx: Transaction, rows: list[dict[str, Any]]) -> list[Port]:
    """The rows as others see them, in their order."""
    ids = [row["id"] for row in rows]
    fixed = given_addresses.of_ports(tx, ids)
    memberships = ports.groups_of(tx, ids)
    names = groups.by_ids(tx, list({group for some in memberships.values() for group in some}))
    on = networks.by_ids(tx, list({row["network_id"] for row in rows}))
    floating: dict[str, dict[str, str]] = {}
    for each in floating_ips.of_ports(tx, ids):
        floating.setdefault(each["port_id"], {})[each["fixed_ip_address"]] = each["floating_ip_address"]
    return [
        Port(
            id=row["id"],
            network_id=row["network_id"],
            network_name=on[row["network_id"]]["name"],
            mac=row["mac_address"],
            status=row["status"],
            admin_state_up=row["admin_state_up"],
            mtu=on[row["network_id"]]["mtu"],
            device_id=row["device_id"],
            device_owner=row["device_owner"],
            project_id=row["project_id"],
            host=row["host"],
            port_security=row["port_security_enabled"],
            fixed_addresses=tuple(
                (subnet_id, address, 6 if ":" in address else 4) for subnet_id, address in fixed.get(row["id"], ())
            ),
            floating=floating.get(row["id"], {}),
            security_groups=tuple((one, names[one]["name"]) for one in memberships.get(row["id"], ())),
            created_for_server=row["made_for_server"],
            tag=row["device_tag"],
        )
        for row in rows
    ]
