"""The SQL of ports."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import patterns
from kumoi.kernel.bodies import distinct
from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.quotas import Quota
from kumoi.kernel.who import Who
from kumoi.services.network import spelling, standard_attributes
from kumoi.services.network.addresses import store as addresses_store
from kumoi.services.network.addresses.models import addresses as addresses_table
from kumoi.services.network.listing import Asked, Listing, Visible, alternatives
from kumoi.services.network.network_rows.models import networks as networks_table
from kumoi.services.network.port_rows.models import (
    ACTIVE,
    NO_CARD,
    NOT_PLUGGED,
    PortDetails,
    PortRow,
    port_security_groups,
    ports,
)
from kumoi.services.network.tags import store as tags_store

MOST_PARTS = 50
"""Parts of addresses that one list can search for."""
ADMIN_ONLY = ("binding:host_id", "binding:vif_type")


def _by_address(values: list[str]) -> sa.ColumnElement[bool]:
    """`fixed_ips=subnet_id=…`, `fixed_ips=ip_address=…`, `fixed_ips=ip_address_substr=…`: any value of each kind, and
    all kinds together."""
    wanted: dict[str, list[str]] = {}
    for value in values:
        name, _, text = value.partition("=")
        if name not in ("subnet_id", "ip_address", "ip_address_substr") or not text:
            raise BadRequest(
                f"Invalid filter fixed_ips={value[:64]}: it is subnet_id=…, ip_address=… or ip_address_substr=…"
            )
        wanted.setdefault(name, []).append(text)
    conditions: list[sa.ColumnElement[bool]] = []
    if "subnet_id" in wanted:
        conditions.append(addresses_table.c.subnet_id.in_(wanted["subnet_id"]))
    if "ip_address" in wanted:
        conditions.append(addresses_table.c.address.in_([spelling.address(text) for text in wanted["ip_address"]]))
    if "ip_address_substr" in wanted:
        parts = distinct(wanted["ip_address_substr"], "fixed_ips=ip_address_substr", MOST_PARTS)
        conditions.append(sa.or_(*(patterns.contains(addresses_table.c.address, part.lower()) for part in parts)))
    return ports.c.id.in_(sa.select(addresses_table.c.port_id).where(*conditions))


def _by_group(values: list[str]) -> sa.ColumnElement[bool]:
    held = sa.select(port_security_groups.c.port_id)
    return ports.c.id.in_(held.where(port_security_groups.c.security_group_id.in_(values)))


def _by_vif_type(values: list[str]) -> sa.ColumnElement[bool]:
    unbound = ports.c.host == ""
    kinds = {"unbound": unbound, "ovs": sa.not_(unbound)}
    return sa.or_(sa.false(), *(kinds[value] for value in dict.fromkeys(values) if value in kinds))


def _leave_few(filters: Mapping[str, list[str]]) -> bool:
    """Whether the filters name a device, a MAC address or an IP address."""
    named = any(name in filters and all(filters[name]) for name in ("device_id", "mac_address"))
    return named or any(value.startswith("ip_address=") for value in filters.get("fixed_ips", ()))


LISTING = Listing(
    ports,
    {
        **{
            name: ports.c[name]
            for name in (
                "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner",
                "port_security_enabled", "dns_name",
            )
        },
        "binding:host_id": ports.c.host,
        "binding:vnic_type": ports.c.vnic_type,
    },
    special={
        "fixed_ips": _by_address, "security_groups": _by_group, "security_group_id": _by_group,
        "binding:vif_type": _by_vif_type,
    },
    admin=ADMIN_ONLY,
    spelled={"mac_address": spelling.mac},
    few=_leave_few,
)  # fmt: skip


def visible(who: Who) -> Visible:
    """The project's own, and those of others on its networks."""
    project_id = who.only_project
    if project_id is None:
        return None
    own = ports.c.network_id.in_(sa.select(networks_table.c.id).where(networks_table.c.project_id == project_id))
    return alternatives(ports.c.project_id, project_id, own)


def page(tx: Transaction, who: Who, asked: Asked) -> list[PortDetails]:
    return detailed(tx, LISTING.rows(tx, asked, visible(who), is_admin=who.sees(None)))


def find(tx: Transaction, port_id: str) -> PortRow | None:
    return tx.row(ports, id=port_id)


def find_visible(tx: Transaction, who: Who, port_id: str) -> PortRow | None:
    row = find(tx, port_id)
    if row is None or who.sees(row["project_id"]):
        return row
    network = tx.row(networks_table, id=row["network_id"])
    return row if network is not None and who.sees(network["project_id"]) else None


def by_ids(tx: Transaction, port_ids: Sequence[str]) -> dict[str, PortRow]:
    return {row["id"]: row for row in tx.rows(ports, id=port_ids)} if port_ids else {}


def count_waited_for(tx: Transaction, port_ids: Sequence[str]) -> int:
    """The number of them that should be up and are not."""
    return sum(row["admin_state_up"] and row["status"] != ACTIVE for row in tx.rows(ports, id=list(port_ids)))


def of_devices(tx: Transaction, device_ids: Sequence[str], owners: Sequence[str] | None = None) -> list[PortRow]:
    """Those of a server in the order of the request; others oldest first."""
    if not device_ids:
        return []
    more = {} if owners is None else {"device_owner": owners}
    order = (ports.c.device_position, ports.c.created_at, ports.c.id)
    return tx.rows(ports, *order, device_id=device_ids, **more)


def of_servers(tx: Transaction, server_ids: Sequence[str]) -> list[PortRow]:
    """The cards that compute attached to these servers, in order."""
    return [row for row in of_devices(tx, server_ids) if row["device_position"] != NO_CARD]


def of_network(tx: Transaction, network_id: str, owners: Sequence[str]) -> list[PortRow]:
    return tx.rows(ports, ports.c.created_at, ports.c.id, network_id=network_id, device_owner=owners)


def of_networks(tx: Transaction, network_ids: Sequence[str], owners: Sequence[str]) -> list[PortRow]:
    if not network_ids:
        return []
    return tx.all(
        sa.select(ports).where(ports.c.network_id.in_(network_ids), ports.c.device_owner.in_(owners)), PortRow
    )


class PortOnSubnet(TypedDict):
    id: str
    device_owner: str
    device_id: str
    address: str


def on_subnet(tx: Transaction, subnet_id: str) -> list[PortOnSubnet]:
    """Every port with an address in the subnet."""
    query = (
        sa.select(ports.c.id, ports.c.device_owner, ports.c.device_id, addresses_table.c.address)
        .join(addresses_table, addresses_table.c.port_id == ports.c.id)
        .where(addresses_table.c.subnet_id == subnet_id)
    )
    return tx.all(query, PortOnSubnet)


def addresses_of_owner(tx: Transaction, device_owner: str) -> list[str]:
    """Every address of the ports that belong to such a device."""
    query = sa.select(addresses_table.c.address).join(ports, ports.c.id == addresses_table.c.port_id)
    return [
        row[0]
        for row in tx.tuples(query.where(ports.c.device_owner == device_owner).order_by(addresses_table.c.address))
    ]


def plugged_states(tx: Transaction, besides: Sequence[str]) -> dict[str, str]:
    """Port id → status of every port in the topology, except those of the owners `besides`."""
    owners = [*NOT_PLUGGED, *besides]
    query = sa.select(ports.c.id, ports.c.status).where(ports.c.device_owner.not_in(owners))
    return {row[0]: row[1] for row in tx.tuples(query)}


def all_of_network(tx: Transaction, network_id: str) -> list[PortRow]:
    return tx.all(sa.select(ports).where(ports.c.network_id == network_id), PortRow)


def detailed(tx: Transaction, rows: Sequence[PortRow]) -> list[PortDetails]:
    """The rows with `fixed_ips` [(subnet id, address)], `security_groups` [id] and `tags` added."""
    ids = [row["id"] for row in rows]
    fixed = addresses_store.of_ports(tx, ids)
    groups = groups_of(tx, ids)
    tagged = tags_store.of(tx, ids)
    return [
        {
            **row,
            "fixed_ips": fixed.get(row["id"], []),
            "security_groups": groups.get(row["id"], []),
            "tags": tagged.get(row["id"], []),
        }
        for row in rows
    ]


def groups_of(tx: Transaction, port_ids: Sequence[str]) -> dict[str, list[str]]:
    """Port id → ids of its security groups."""
    found: dict[str, list[str]] = {}
    if port_ids:
        for row in tx.rows(port_security_groups, port_security_groups.c.security_group_id, port_id=port_ids):
            found.setdefault(row["port_id"], []).append(row["security_group_id"])
    return found


def set_groups(tx: Transaction, port_id: str, group_ids: Iterable[str], *, new: bool = False) -> None:
    if not new:
        tx.execute(port_security_groups.delete().where(port_security_groups.c.port_id == port_id))
    tx.insert_many(port_security_groups, [{"port_id": port_id, "security_group_id": one} for one in group_ids])


def mac_taken(tx: Transaction, network_id: str, mac: str) -> bool:
    return tx.row(ports, network_id=network_id, mac_address=mac) is not None


def insert(tx: Transaction, row: PortRow) -> None:
    tx.insert_row(ports, row)


def change(tx: Transaction, port_id: str, **values: Any) -> None:
    standard_attributes.change(tx, ports, port_id, **values)


def set_states(tx: Transaction, states: dict[str, bool], active: str, down: str) -> int:
    """Write the topology's states of these ports where they differ. Returns how many changed."""
    changed = 0
    for up, status in ((True, active), (False, down)):
        ids = [port_id for port_id, state in states.items() if state is up]
        if ids:
            changed += tx.changed(
                ports.update()
                .where(ports.c.id.in_(ids), ports.c.status != status, ports.c.status.in_((active, down)))
                .values(status=status, revision_number=ports.c.revision_number + 1, updated_at=tx.now)
            )
    return changed


def delete(tx: Transaction, port_ids: Sequence[str]) -> None:
    """Also deletes their addresses and memberships."""
    if not port_ids:
        return
    tags_store.forget(tx, list(port_ids))
    tx.execute(addresses_table.delete().where(addresses_table.c.port_id.in_(port_ids)))
    tx.execute(port_security_groups.delete().where(port_security_groups.c.port_id.in_(port_ids)))
    tx.execute(ports.delete().where(ports.c.id.in_(port_ids)))


def networks_of_owner(tx: Transaction, owner: str) -> list[str]:
    """Networks with a port of this owner."""
    query = sa.select(ports.c.network_id).where(ports.c.device_owner == owner).distinct()
    return tx.column(query)


_ONE_ON = sa.select(ports.c.id).where(
    ports.c.network_id == sa.bindparam("network"), ports.c.host == sa.bindparam("wanted")
)


def is_on(tx: Transaction, network_id: str, host: str) -> bool:
    """Whether any of the network's ports is plugged on the host. Uses an index, so the number of ports does not
    matter."""
    return tx.scalar(_ONE_ON.limit(1), {"network": network_id, "wanted": host}) is not None


def networks_with_host(tx: Transaction, network_ids: Sequence[str]) -> dict[str, set[str]]:
    """network id → hosts on which its ports are plugged."""
    found: dict[str, set[str]] = {}
    if not network_ids:
        return found
    query = sa.select(ports.c.network_id, ports.c.host).where(ports.c.network_id.in_(network_ids), ports.c.host != "")
    for network_id, host in tx.tuples(query.distinct()):
        found.setdefault(network_id, set()).add(host)
    return found


PORT = Quota("network", "port", 500, Count("network.port", ports.c.project_id))


def with_group(tx: Transaction, group_id: str) -> str | None:
    """A port that has the security group."""
    query = sa.select(port_security_groups.c.port_id).where(port_security_groups.c.security_group_id == group_id)
    found: str | None = tx.scalar(query.limit(1))
    return found
