"""Checks subnet pools, and allocates subnets from them."""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from kumoi.kernel import ip, quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.network import ownership, standard_attributes
from kumoi.services.network.bodies import given
from kumoi.services.network.errors import InvalidInput
from kumoi.services.network.listing import Asked
from kumoi.services.network.subnetpools import schemas, store
from kumoi.services.network.subnetpools.errors import (
    EmptySubnetPoolPrefixList,
    IllegalSubnetPoolPrefixBounds,
    IllegalSubnetPoolPrefixUpdate,
    MaxPrefixSubnetAllocationError,
    MinPrefixSubnetAllocationError,
    PrefixVersionMismatch,
    SubnetAllocationError,
    SubnetPoolNotFound,
    SubnetPoolQuotaExceeded,
)
from kumoi.services.network.subnetpools.models import LONGEST, SHORTEST, SubnetpoolDetails, SubnetpoolRow, removal
from kumoi.services.network.tags import store as tags_store

Held = tuple[str, str]
"""(project id, cidr) of a subnet."""

LIST_QUERY = store.LISTING.query

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
FOR_ADMINS = {"shared": "shared", "is_default": "is_default"}


def find(tx: Transaction, who: Who, subnetpool_id: str) -> SubnetpoolRow:
    row = store.find(tx, subnetpool_id)
    if row is None or not (who.sees(row["project_id"]) or row["shared"]):
        raise SubnetPoolNotFound(subnetpool_id)
    return row


def create(tx: Transaction, who: Who, asked: Sequence[schemas.SubnetPoolCreate]) -> list[SubnetpoolDetails]:
    made = []
    for one in asked:
        values = given(one)
        project_id = ownership.project_of(who, values)
        ownership.only_admin(who, {n: v for n, v in values.items() if v is True}, "create_subnetpool", FOR_ADMINS)
        quotas.take(tx, "network", project_id, {"subnetpool": 1})
        prefixes = _prefixes(values.get("prefixes") or ())
        version = prefixes[0].version
        row = standard_attributes.fresh(
            tx,
            SubnetpoolRow,
            project_id,
            name=values.get("name", ""),
            description=values.get("description", ""),
            ip_version=version,
            prefixes=[str(prefix) for prefix in prefixes],
            default_quota=values.get("default_quota"),
            shared=values.get("shared", False),
            is_default=values.get("is_default", False),
            **_lengths(values, version),
        )
        _one_default(tx, row)
        store.insert(tx, row)
        if values.get("tags"):
            tags_store.add(tx, row["id"], values["tags"])
        made.append(row)
    return detailed(tx, made)


def index(tx: Transaction, who: Who, asked: Asked) -> list[SubnetpoolDetails]:
    return detailed(tx, store.page(tx, who, asked))


def show(tx: Transaction, who: Who, subnetpool_id: str) -> SubnetpoolDetails:
    return detailed(tx, [find(tx, who, subnetpool_id)])[0]


def update(
    tx: Transaction, who: Who, subnetpool_id: str, asked: schemas.SubnetPoolUpdate, if_match: str | None
) -> SubnetpoolDetails:
    row = find(tx, who, subnetpool_id)
    ownership.must_own(who, row, "update_subnetpool")
    standard_attributes.expect_revision(row, if_match)
    values = given(asked)
    old: Mapping[str, Any] = row
    changed = {name: value for name, value in values.items() if name in old and value != old[name]}
    ownership.only_admin(who, changed, "update_subnetpool", FOR_ADMINS)
    plain = ("name", "description", "default_quota", "is_default")
    columns: dict[str, Any] = {name: values[name] for name in plain if name in values}
    if "prefixes" in values:
        prefixes = _prefixes(values["prefixes"])
        if prefixes[0].version != row["ip_version"]:
            raise PrefixVersionMismatch()
        if any(not _within(ipaddress.ip_network(old), prefixes) for old in row["prefixes"]):
            raise IllegalSubnetPoolPrefixUpdate()
        columns["prefixes"] = [str(prefix) for prefix in prefixes]
    columns.update(_lengths({**row, **{n: v for n, v in values.items() if v is not None}}, row["ip_version"]))
    _one_default(tx, cast(SubnetpoolRow, {**row, **columns}))
    store.change(tx, subnetpool_id, **columns)
    return show(tx, who, subnetpool_id)


def delete(tx: Transaction, who: Who, subnetpool_id: str, if_match: str | None) -> None:
    row = find(tx, who, subnetpool_id)
    ownership.must_own(who, row, "delete_subnetpool")
    standard_attributes.expect_revision(row, if_match)
    removal.run(tx, [subnetpool_id])
    store.delete(tx, subnetpool_id)


def detailed(tx: Transaction, rows: Sequence[SubnetpoolRow]) -> list[SubnetpoolDetails]:
    """Rows with `tags`."""
    tagged = tags_store.of(tx, [row["id"] for row in rows])
    return [{**row, "tags": tagged.get(row["id"], [])} for row in rows]


def cut(
    tx: Transaction,
    who: Who,
    project_id: str,
    values: dict[str, Any],
    held_of: Callable[[Transaction, str], list[Held]],
) -> dict[str, Any]:
    """`cidr` and `subnetpool_id` of a new subnet with a given or the default pool; empty for other subnets. `held_of` gives
    the subnets of a pool."""
    version = int(values["ip_version"])
    if values.get("use_default_subnetpool") and not values.get("subnetpool_id"):
        default = store.default_of(tx, version)
        if default is None:
            raise InvalidInput(f"use_default_subnetpool: No default subnetpool found for IPv{version}")
        pool = default
    elif values.get("subnetpool_id"):
        pool = find(tx, who, values["subnetpool_id"])
    else:
        return {}
    if pool["ip_version"] != version:
        raise InvalidInput(f"ip_version: the subnet pool {pool['id']} is of IPv{pool['ip_version']}")
    held = held_of(tx, pool["id"])
    used = [ipaddress.ip_network(cidr) for _, cidr in held]
    found = _named(pool, values["cidr"], used) if values.get("cidr") else _free(pool, values.get("prefixlen"), used)
    if pool["default_quota"] is not None:
        own = [ipaddress.ip_network(cidr) for owner, cidr in held if owner == project_id]
        if sum(map(_units, [*own, found])) > pool["default_quota"]:
            raise SubnetPoolQuotaExceeded()
    return {"cidr": str(found), "subnetpool_id": pool["id"]}


def _named(pool: SubnetpoolRow, cidr: str, used: Sequence[Network]) -> Network:
    try:
        found = ip.network(cidr)
    except ValueError:
        raise InvalidInput(f"cidr: '{cidr[:64]}' is not a valid IP subnet") from None
    _must_fit(pool, found.prefixlen)
    if not _within(found, [ipaddress.ip_network(prefix) for prefix in pool["prefixes"]]):
        raise SubnetAllocationError(f"Cannot allocate requested subnet {cidr} from the available set of prefixes")
    if any(found.overlaps(other) for other in used):
        raise SubnetAllocationError(f"Cannot allocate requested subnet {cidr}: it is taken from the pool already")
    return found


def _free(pool: SubnetpoolRow, prefixlen: int | None, used: Sequence[Network]) -> Network:
    """The first gap of the pool that is large enough."""
    length = pool["default_prefixlen"] if prefixlen is None else prefixlen
    _must_fit(pool, length)
    taken = sorted((int(one.network_address), int(one.broadcast_address)) for one in used)
    for prefix in map(ipaddress.ip_network, pool["prefixes"]):
        if length < prefix.prefixlen:
            continue
        size = 1 << (prefix.max_prefixlen - length)
        start, end = int(prefix.network_address), int(prefix.broadcast_address)
        for first, last in taken:
            if last >= start and first < start + size:
                start = (last // size + 1) * size
        if start + size - 1 <= end:
            return ipaddress.ip_network((type(prefix.network_address)(start), length))
    raise SubnetAllocationError(f"Insufficient prefix space to allocate subnet size /{length}")


def _must_fit(pool: SubnetpoolRow, length: int) -> None:
    if length < pool["min_prefixlen"]:
        raise MinPrefixSubnetAllocationError(length, pool["min_prefixlen"])
    if length > pool["max_prefixlen"]:
        raise MaxPrefixSubnetAllocationError(length, pool["max_prefixlen"])


def _units(network: Network) -> int:
    """The unit of default_quota: IPv4 addresses, or IPv6 /64s (a smaller prefix counts as one)."""
    return network.num_addresses if network.version == 4 else max(1, network.num_addresses >> 64)


def _prefixes(asked: Sequence[str]) -> list[Network]:
    """Neighbours joined, in order, of one IP version."""
    if not asked:
        raise EmptySubnetPoolPrefixList()
    four: list[ipaddress.IPv4Network] = []
    six: list[ipaddress.IPv6Network] = []
    for text in asked:
        try:
            found = ip.network(text, strict=True)
        except ValueError:
            raise InvalidInput(f"prefixes: '{text[:64]}' is not a valid IP subnet") from None
        if isinstance(found, ipaddress.IPv4Network):
            four.append(found)
        else:
            six.append(found)
    if four and six:
        raise PrefixVersionMismatch()
    return [*ipaddress.collapse_addresses(four), *ipaddress.collapse_addresses(six)]


def _within(network: Network, prefixes: Sequence[Network]) -> bool:
    first, last = int(network.network_address), int(network.broadcast_address)
    return any(
        prefix.version == network.version
        and int(prefix.network_address) <= first
        and last <= int(prefix.broadcast_address)
        for prefix in prefixes
    )


def _lengths(values: dict[str, Any], version: int) -> dict[str, int]:
    least, most, default = (values.get(f"{name}_prefixlen") for name in ("min", "max", "default"))
    least = SHORTEST[version] if least is None else int(least)
    most = LONGEST[version] if most is None else int(most)
    default = least if default is None else int(default)
    if most > LONGEST[version]:
        raise InvalidInput(f"max_prefixlen: {most} is more than IPv{version} has")
    if least > most:
        raise IllegalSubnetPoolPrefixBounds("min_prefixlen", least, "greater than", "max_prefixlen", most)
    if default > most:
        raise IllegalSubnetPoolPrefixBounds("default_prefixlen", default, "greater than", "max_prefixlen", most)
    if default < least:
        raise IllegalSubnetPoolPrefixBounds("default_prefixlen", default, "less than", "min_prefixlen", least)
    return {"min_prefixlen": least, "max_prefixlen": most, "default_prefixlen": default}


def _one_default(tx: Transaction, row: SubnetpoolRow) -> None:
    """The default pool of each IP version is one."""
    if row["is_default"]:
        other = store.default_of(tx, row["ip_version"])
        if other is not None and other["id"] != row["id"]:
            raise InvalidInput("is_default: A default subnetpool for this IP family has already been set")
