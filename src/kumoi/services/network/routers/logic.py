"""Checks the creation, changes and deletion of routers; their gateways and routes."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from kumoi.kernel import ip, quotas, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.network import ownership, spelling, standard_attributes
from kumoi.services.network.addresses.errors import IpAddressGenerationFailure
from kumoi.services.network.bodies import given, plain
from kumoi.services.network.errors import InvalidInput, RouterNotFound
from kumoi.services.network.listing import Asked
from kumoi.services.network.networks import logic as networks
from kumoi.services.network.networks.schemas import ZONE
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import OF_ROUTERS, ROUTER_GATEWAY, ROUTER_INTERFACE, PortRow
from kumoi.services.network.ports import content
from kumoi.services.network.ports import logic as ports
from kumoi.services.network.routers import schemas, store
from kumoi.services.network.routers.errors import (
    BadRouterRequest,
    InvalidRoutes,
    RouterInUse,
    RoutesExhausted,
)
from kumoi.services.network.routers.models import RouterDetails, RouterRow, gateway_removal, removal
from kumoi.services.network.subnet_rows import store as subnets_store
from kumoi.services.network.subnet_rows.models import SubnetRow
from kumoi.services.network.tags import store as tags_store

LIST_QUERY = store.LISTING.query

KIND = "network.router"
MOST_ROUTES = 30


def find(tx: Transaction, who: Who, router_id: str) -> RouterRow:
    row = store.find(tx, router_id)
    if row is None or not who.sees(row["project_id"]):
        raise RouterNotFound(router_id)
    return row


def create(tx: Transaction, who: Who, asked: Sequence[schemas.RouterCreate]) -> list[RouterDetails]:
    made = []
    for one in asked:
        values = given(one)
        project_id = ownership.project_of(who, values)
        _allowed(who, values, "create_router")
        quotas.take(tx, "network", project_id, {"router": 1})
        zones = values.get("availability_zone_hints") or None
        if zones and zones != [ZONE]:
            raise InvalidInput(f"availability_zone_hints: AvailabilityZone {zones[0]} could not be found")
        row = standard_attributes.fresh(
            tx,
            RouterRow,
            project_id,
            name=values.get("name", ""),
            description=values.get("description", ""),
            admin_state_up=values.get("admin_state_up", True),
            status="ACTIVE",
            enable_snat=True,
            routes=None,
            availability_zone_hints=zones,
        )
        store.insert(tx, row)
        if values.get("tags"):
            tags_store.add(tx, row["id"], values["tags"])
        if values.get("external_gateway_info"):
            row["enable_snat"] = _set_gateway(tx, who, row, values["external_gateway_info"])
            store.change(tx, row["id"], enable_snat=row["enable_snat"])
            row["revision_number"] += 1
        reconcile.mark(tx, KIND, row["id"])
        made.append(row)
    return detailed(tx, made)


def index(tx: Transaction, who: Who, asked: Asked) -> list[RouterDetails]:
    return detailed(tx, store.page(tx, who, asked))


def show(tx: Transaction, who: Who, router_id: str) -> RouterDetails:
    return detailed(tx, [find(tx, who, router_id)])[0]


def update(
    tx: Transaction, who: Who, router_id: str, asked: schemas.RouterUpdate, if_match: str | None
) -> RouterDetails:
    row = find(tx, who, router_id)
    ownership.must_own(who, row, "update_router")
    standard_attributes.expect_revision(row, if_match)
    values = given(asked)
    _allowed(who, values, "update_router")
    columns: dict[str, Any] = {n: values[n] for n in ("name", "description", "admin_state_up") if n in values}
    if "external_gateway_info" in values:
        columns["enable_snat"] = _set_gateway(tx, who, row, values["external_gateway_info"])
    if "routes" in values:
        columns["routes"] = _routes(tx, row, values["routes"] or ()) or None
    if columns:
        touch(tx, router_id, **columns)
    return show(tx, who, router_id)


def change_routes(
    tx: Transaction, who: Who, router_id: str, *, add: Sequence[Any] = (), remove: Sequence[Any] = ()
) -> RouterDetails:
    """Some routes more or fewer, the others untouched whatever they are."""
    row = find(tx, who, router_id)
    ownership.must_own(who, row, "update_router")
    gone = {_meaning(_route(route)) for route in remove}
    routes = [route for route in row["routes"] or () if _meaning(route) not in gone]
    held = {_meaning(route) for route in routes}
    routes += [route for route in _routes(tx, row, add) if _meaning(route) not in held]
    if len(routes) > MOST_ROUTES:
        raise RoutesExhausted(router_id, MOST_ROUTES)
    touch(tx, router_id, routes=routes or None)
    return show(tx, who, router_id)


def delete(tx: Transaction, who: Who, router_id: str, if_match: str | None) -> None:
    """Also deletes its gateway. Refused if it has interfaces."""
    row = find(tx, who, router_id)
    ownership.must_own(who, row, "delete_router")
    standard_attributes.expect_revision(row, if_match)
    own = ports_store.of_devices(tx, [router_id], OF_ROUTERS)
    if any(port["device_owner"] == ROUTER_INTERFACE for port in own):
        raise RouterInUse(router_id)
    removal.run(tx, [router_id])
    ports.remove(tx, own)
    store.delete(tx, router_id)
    reconcile.mark(tx, KIND, router_id)


def detailed(tx: Transaction, rows: Sequence[RouterRow]) -> list[RouterDetails]:
    """Rows with `gateway` (the port, or None) and `tags`, as schemas show them."""
    ids = [row["id"] for row in rows]
    tagged = tags_store.of(tx, ids)
    gateways = ports_store.detailed(tx, ports_store.of_devices(tx, ids, [ROUTER_GATEWAY]))
    by_router = {port["device_id"]: port for port in gateways}
    return [{**row, "tags": tagged.get(row["id"], []), "gateway": by_router.get(row["id"])} for row in rows]


def touch(tx: Transaction, router_id: str, **columns: Any) -> None:
    store.change(tx, router_id, **columns)
    reconcile.mark(tx, KIND, router_id)


def connected(tx: Transaction, router_id: str) -> list[dict[str, Any]]:
    """Every address of the router: {port_id, device_owner, subnet_id, address, cidr}."""
    own = ports_store.detailed(tx, ports_store.of_devices(tx, [router_id], OF_ROUTERS))
    on = subnets_store.by_ids(tx, list({subnet_id for port in own for subnet_id, _ in port["fixed_ips"]}))
    return [
        {
            "port_id": port["id"],
            "device_owner": port["device_owner"],
            "subnet_id": subnet_id,
            "address": address,
            "cidr": on[subnet_id]["cidr"],
        }
        for port in own
        for subnet_id, address in port["fixed_ips"]
    ]


def must_not_overlap(there: Sequence[dict[str, Any]], subnet: SubnetRow, *, besides: str | None = None) -> None:
    """A router cannot connect two subnets with overlapping addresses. `besides`: a port to ignore."""
    cidr = ipaddress.ip_network(subnet["cidr"])
    for other in there:
        if other["port_id"] == besides:
            continue
        if other["subnet_id"] == subnet["id"]:
            raise BadRouterRequest(f"Router already has a port on subnet {subnet['id']}")
        if ipaddress.ip_network(other["cidr"]).overlaps(cidr):
            raise BadRouterRequest(
                f"Cidr {subnet['cidr']} of subnet {subnet['id']} overlaps with cidr {other['cidr']} of subnet "
                f"{other['subnet_id']}"
            )


def _allowed(who: Who, values: dict[str, Any], action: str) -> None:
    special = {name: values[name] for name in ("distributed", "ha") if values.get(name) is not None}
    ownership.only_admin(who, special, action, {"distributed": "distributed", "ha": "ha"})
    for name, value in special.items():
        if value:
            raise InvalidInput(f"{name}: routers of this cloud have it off")
    info = values.get("external_gateway_info")
    if info:
        names = {n: f"external_gateway_info:{n}" for n in ("enable_snat", "external_fixed_ips")}
        # Everybody may send the default value.
        asked = {n: v for n, v in given(info).items() if v is not None and v is not True}
        ownership.only_admin(who, asked, action, names)


def _set_gateway(tx: Transaction, who: Who, row: RouterRow, info: schemas.ExternalGateway | None) -> bool:
    """Create, change or delete the gateway port as requested. Returns the new enable_snat."""
    held = ports_store.detailed(tx, ports_store.of_devices(tx, [row["id"]], [ROUTER_GATEWAY]))
    old = held[0] if held else None
    if info is None or info.network_id is None:
        if old is not None:
            _leave(tx, row["id"], old)
        return True
    network = networks.find(tx, who, info.network_id)
    if not network["external"]:
        raise BadRouterRequest(f"Network {info.network_id} is not an external network")
    enable_snat = info.enable_snat if isinstance(info.enable_snat, bool) else True
    wishes = content.wishes(info.external_fixed_ips) if isinstance(info.external_fixed_ips, list) else None
    if old is not None and old["network_id"] == info.network_id:
        if not wishes:
            return enable_snat
        ports.readdress(tx, old, wishes, old["mac_address"])
        port = ports_store.detailed(tx, [old])[0]
    else:
        if old is not None:
            _leave(tx, row["id"], old)
        try:
            port = ports.make(
                tx, network, project_id="", fixed=wishes or None, groups=[], device_id=row["id"],
                device_owner=ROUTER_GATEWAY, port_security_enabled=False,
            )  # fmt: skip
        except IpAddressGenerationFailure:
            raise BadRouterRequest(f"No IPs available for external network {info.network_id}") from None
    there = connected(tx, row["id"])
    on = subnets_store.by_ids(tx, [subnet_id for subnet_id, _ in port["fixed_ips"]])
    for subnet in on.values():
        must_not_overlap(there, subnet, besides=port["id"])
    return enable_snat


def _leave(tx: Transaction, router_id: str, port: PortRow) -> None:
    gateway_removal.run(tx, [router_id])
    ports.remove(tx, [port])


def _route(route: Any) -> dict[str, str]:
    """As the client wrote it."""
    fields: dict[str, str] = plain(route)
    try:
        destination = ip.network(fields["destination"])
        nexthop = ip.address(fields["nexthop"])
    except ValueError as error:
        raise InvalidRoutes(str(fields), f"routes: {error}") from None
    if destination.version != nexthop.version:
        raise InvalidRoutes(str(fields), "destination and nexthop are of different IP versions")
    return fields


def _meaning(route: dict[str, str]) -> tuple[str, str]:
    """The same for all spellings of a route."""
    network = ipaddress.ip_network(route["destination"], strict=False)
    return str(network), spelling.address(route["nexthop"])


def _routes(tx: Transaction, row: RouterRow, asked: Sequence[Any]) -> list[dict[str, str]]:
    if len(asked) > MOST_ROUTES:
        raise RoutesExhausted(row["id"], MOST_ROUTES)
    there = connected(tx, row["id"])
    found: list[dict[str, str]] = []
    met: set[tuple[str, str]] = set()
    for route in map(_route, asked):
        if _meaning(route) in met:
            raise InvalidRoutes(str(route), "Duplicate route")
        hop = ipaddress.ip_address(route["nexthop"])
        if not any(hop in ipaddress.ip_network(one["cidr"]) for one in there):
            raise InvalidRoutes(str(route), "the nexthop is not connected with router")
        if any(one["address"] == str(hop) for one in there):
            raise InvalidRoutes(str(route), "the nexthop is used by router")
        met.add(_meaning(route))
        found.append(route)
    return found
