"""Checks changes of the catalogue, which only admins may make."""

import re
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Conflict
from kumoi.kernel.who import Who
from kumoi.services.identity import additional, listing, policy
from kumoi.services.identity.catalog import store
from kumoi.services.identity.catalog.models import endpoints, regions, services
from kumoi.services.identity.errors import Absent, Invalid, Taken

PLACEHOLDERS = re.compile(r"[$%]\(([^)]*)\)")
KNOWN = {"project_id", "tenant_id", "user_id", "base_url"}
FILTERS: dict[str, tuple[sa.Table, dict[str, sa.Column[Any]]]] = {
    "service": (services, {"name": services.c.name, "type": services.c.type}),
    "endpoint": (
        endpoints,
        {"interface": endpoints.c.interface, "service_id": endpoints.c.service_id, "region_id": endpoints.c.region_id},
    ),
    "region": (regions, {"parent_region_id": regions.c.parent_region_id}),
}


QUERIES = {kind: listing.query(columns) for kind, (_, columns) in FILTERS.items()}
"""Kind → query of its list."""


def select(tx: Transaction, who: Who, kind: str, params: listing.Params) -> listing.Selection[dict[str, Any]]:
    """`kind`: service, endpoint or region; regions are for everybody."""
    check_read(who, kind, "list")
    table, columns = FILTERS[kind]
    wanted = listing.conditions(params, columns)
    return listing.Selection(
        lambda marker, limit: store.listed(tx, table, wanted, marker, limit), lambda id: store.find(tx, table, id)
    )


def check_read(who: Who, kind: str, verb: str) -> None:
    """Everybody may read regions. Others need a role that reads the whole cloud, and a token of a project or the
    system."""
    action = f"{verb}_{kind}" + ("s" if verb == "list" else "")
    if kind != "region":
        policy.check_reads_all(who, action)
        policy.check_not_of_domain(who, action)


def found(tx: Transaction, kind: str, id: str) -> dict[str, Any]:
    row = store.find(tx, FILTERS[kind][0], id)
    if row is None:
        raise Absent(kind, id)
    return row


def show(tx: Transaction, who: Who, kind: str, id: str) -> dict[str, Any]:
    check_read(who, kind, "get")
    return found(tx, kind, id)


def create(tx: Transaction, who: Who, kind: str, values: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """Only a region may have an id from the client."""
    policy.check_admin(who, f"create_{kind}")
    _check(tx, kind, values, None)
    id = values.pop("id", None) or tx.new_hex()
    if kind == "region" and store.find(tx, regions, id):
        raise Taken("region", f"ID {id}")
    store.insert(tx, FILTERS[kind][0], id=id, extra=extra, **values)
    return found(tx, kind, id)


def update(
    tx: Transaction, who: Who, kind: str, id: str, changes: dict[str, Any], extra: dict[str, Any]
) -> dict[str, Any]:
    policy.check_admin(who, f"update_{kind}")
    row = found(tx, kind, id)
    _check(tx, kind, changes, id)
    store.update(tx, FILTERS[kind][0], id, {**changes, "extra": additional.merged(kind, row["extra"], extra)})
    return found(tx, kind, id)


def _check(tx: Transaction, kind: str, values: dict[str, Any], own_id: str | None) -> None:
    if kind == "endpoint":
        region = values.pop("region", None)
        if region is not None and values.get("region_id") is None:
            values["region_id"] = region
            if store.find(tx, regions, region) is None:
                store.insert(tx, regions, id=region, parent_region_id=None, description="", extra={})
        if values.get("region_id") is not None and store.find(tx, regions, values["region_id"]) is None:
            raise Invalid("endpoint.region_id", f"there is no region {values['region_id'][:255]}")
        if "service_id" in values and store.find(tx, services, values["service_id"]) is None:
            raise Invalid("endpoint.service_id", f"there is no service {values['service_id']}")
        unknown = [name for name in PLACEHOLDERS.findall(values.get("url", "")) if name not in KNOWN]
        if unknown:
            raise Invalid("endpoint.url", f"the placeholder {unknown[0][:64]} is not known")
    if kind == "region":
        if "description" in values:
            values["description"] = values["description"] or ""
        above = values.get("parent_region_id")
        if above is not None:
            if store.find(tx, regions, above) is None:
                raise Absent("region", above)
            _check_no_circle(tx, above, own_id)


def _check_no_circle(tx: Transaction, above: str | None, own_id: str | None) -> None:
    while above is not None:
        if above == own_id:
            raise Invalid("region.parent_region_id", "the region would be its own parent")
        row = store.find(tx, regions, above)
        above = row["parent_region_id"] if row else None


def delete(tx: Transaction, who: Who, kind: str, id: str) -> None:
    """Deleting a service deletes its endpoints. A region can be deleted only if nothing uses it."""
    policy.check_admin(who, f"delete_{kind}")
    found(tx, kind, id)
    if kind == "region" and (store.regions_below(tx, id) or store.region_in_use(tx, id)):
        raise Conflict(f"Unable to delete region {id} because it or its child regions have associated endpoints.")
    if kind == "service":
        store.delete_endpoints(tx, id)
    store.delete(tx, FILTERS[kind][0], id)
