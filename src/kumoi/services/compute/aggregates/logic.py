"""The rules of aggregates. The zones of hosts and placement's aggregates change in the same transaction."""

from collections.abc import Mapping
from typing import Any

from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.operations import subject
from kumoi.services.compute.aggregate_rows import store as aggregate_rows_store
from kumoi.services.compute.aggregate_rows.models import ZONE_KEY, AggregateRow
from kumoi.services.compute.aggregates import store
from kumoi.services.compute.aggregates.errors import (
    AggregateHostExists,
    AggregateHostNotFound,
    AggregateNameExists,
    AggregateNotEmpty,
    AggregateNotFound,
    EmptyZone,
    ZoneInUse,
    ZonesConflict,
)
from kumoi.services.compute.aggregates.operations.cache_images import CACHE_IMAGES
from kumoi.services.compute.hosts import store as hosts_store
from kumoi.services.compute.hosts.errors import HostNotFound
from kumoi.services.compute.hosts.models import ZONE
from kumoi.services.image import facade as images
from kumoi.services.placement import facade as placement

Shown = tuple[AggregateRow, list[str]]
"""A row and the names of its hosts."""


def listing(tx: Transaction) -> list[Shown]:
    rows = aggregate_rows_store.every(tx)
    hosts = aggregate_rows_store.hosts_of(tx, [row["id"] for row in rows])
    return [(row, list(hosts.get(row["id"], {}).values())) for row in rows]


def find(tx: Transaction, aggregate_id: str) -> AggregateRow:
    row = None
    if aggregate_id.isascii() and aggregate_id.isdecimal() and len(aggregate_id) < 10:
        row = aggregate_rows_store.find(tx, int(aggregate_id))
    if row is None:
        raise AggregateNotFound(aggregate_id)
    return row


def show(tx: Transaction, aggregate_id: str) -> Shown:
    row = find(tx, aggregate_id)
    return row, list(_hosts(tx, row).values())


def create(tx: Transaction, name: str, zone: str | None) -> AggregateRow:
    if aggregate_rows_store.find_by_name(tx, name) is not None:
        raise AggregateNameExists(name)
    made = {} if zone is None else {ZONE_KEY: _named(name, zone)}
    aggregate_rows_store.insert(tx, id=tx.new_uuid(), name=name, metadata=made)
    row = aggregate_rows_store.find_by_name(tx, name)
    assert row is not None
    return row


def update(tx: Transaction, aggregate_id: str, *, name: str | None, zone: str | None) -> Shown:
    """None: unchanged."""
    row = find(tx, aggregate_id)
    if name is None and zone is None:
        raise BadRequest("aggregate: no updates were requested; name and availability_zone may be changed.")
    if name is not None and name != row["name"] and aggregate_rows_store.find_by_name(tx, name) is not None:
        raise AggregateNameExists(name)
    metadata = row["metadata"] if zone is None else {**row["metadata"], ZONE_KEY: _named(row["name"], zone)}
    _change(tx, row, metadata, name or row["name"])
    return show(tx, aggregate_id)


def set_metadata(tx: Transaction, aggregate_id: str, asked: Mapping[str, str | None]) -> Shown:
    """None removes a key; the zone stays when it is removed so, as in Nova."""
    row = find(tx, aggregate_id)
    metadata = dict(row["metadata"])
    for key, value in asked.items():
        if value is None:
            metadata.pop(key, None)
        else:
            metadata[key] = _named(row["name"], value) if key == ZONE_KEY else value
    _change(tx, row, metadata, row["name"])
    return show(tx, aggregate_id)


def delete(tx: Transaction, aggregate_id: str) -> None:
    row = find(tx, aggregate_id)
    if _hosts(tx, row):
        raise AggregateNotEmpty(row["number"])
    aggregate_rows_store.delete(tx, row["id"])


def add_host(tx: Transaction, aggregate_id: str, name: str) -> Shown:
    row = find(tx, aggregate_id)
    host = _host(tx, name)
    if host["id"] in _hosts(tx, row):
        raise AggregateHostExists(row["number"], name)
    aggregate_rows_store.add_host(tx, row["id"], host["id"])
    aggregate_rows_store.update(tx, row["id"])
    placement.join_aggregate(tx, host["id"], row["id"])
    _follow(tx, [host])
    return show(tx, aggregate_id)


def remove_host(tx: Transaction, aggregate_id: str, name: str) -> Shown:
    row = find(tx, aggregate_id)
    host = _host(tx, name)
    if host["id"] not in _hosts(tx, row):
        raise AggregateHostNotFound(row["number"], name)
    aggregate_rows_store.remove_host(tx, row["id"], host["id"])
    aggregate_rows_store.update(tx, row["id"])
    placement.leave_aggregate(tx, host["id"], row["id"])
    _follow(tx, [host])
    return show(tx, aggregate_id)


def cache_images(tx: Transaction, aggregate_id: str, image_ids: list[str], origin: Mapping[str, Any]) -> None:
    """Start to copy the images to the aggregate's hosts."""
    row = find(tx, aggregate_id)
    if len(set(image_ids)) != len(image_ids):
        raise BadRequest("cache: an image is named twice.")
    found = images.by_ids(tx, image_ids)
    for image_id in image_ids:
        image = found.get(image_id)
        if image is None or image.status != "active" or not image.holds_a_disk:
            raise BadRequest(f"cache: image {image_id} could not be found, or no server can be made from it.")
    hosts = list(_hosts(tx, row).values())
    if not hosts:
        raise BadRequest(f"Aggregate {row['number']} has no hosts that could cache images.")
    work = [[host, image_id, found[image_id].disk_format or "raw"] for host in hosts for image_id in image_ids]
    operations.begin(
        tx, CACHE_IMAGES, [subject("aggregate", row["id"])], {"aggregate_id": row["id"], "work": work}, **origin
    )  # fmt: skip


def _change(tx: Transaction, row: AggregateRow, metadata: dict[str, str], name: str) -> None:
    aggregate_rows_store.update(tx, row["id"], metadata=metadata, name=name)
    _follow(tx, [_host(tx, each) for each in _hosts(tx, row).values()])


def _follow(tx: Transaction, hosts: list[dict[str, Any]]) -> None:
    """Write the zones of the hosts as the aggregates say it now."""
    of_hosts = aggregate_rows_store.of_hosts(tx)
    for host in hosts:
        zones = sorted(
            {row["metadata"][ZONE_KEY] for row in of_hosts.get(host["id"], ()) if ZONE_KEY in row["metadata"]}
        )
        if len(zones) > 1:
            raise ZonesConflict(host["name"], next(zone for zone in zones if zone == host["availability_zone"]))
        zone = zones[0] if zones else ZONE
        if zone != host["availability_zone"]:
            if store.has_servers(tx, host["name"]):
                raise ZoneInUse(host["name"], host["availability_zone"])
            hosts_store.update(tx, host["id"], availability_zone=zone)


def _named(aggregate: str, zone: str) -> str:
    if not zone.strip():
        raise EmptyZone(aggregate)
    return zone


def _hosts(tx: Transaction, row: AggregateRow) -> dict[str, str]:
    return aggregate_rows_store.hosts_of(tx, [row["id"]]).get(row["id"], {})


def _host(tx: Transaction, name: str) -> dict[str, Any]:
    host = hosts_store.find_by_name(tx, name)
    if host is None:
        raise HostNotFound(name)
    return host
