"""Checks which images a caller may see and change; starts operations."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from kumoi.kernel import operations, policy, quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.operations import subject
from kumoi.kernel.pagination import Limit, MarkerNotFound, sorting
from kumoi.kernel.queries import Family, Params, Way, optional, texts
from kumoi.kernel.who import Who
from kumoi.services.image.images import filters, store
from kumoi.services.image.images.errors import (
    ImageExists,
    ImageForbidden,
    ImageNotFound,
    ImageProtected,
    InvalidImage,
    TooMany,
)
from kumoi.services.image.images.models import (
    ACTIVE,
    COMMUNITY,
    DEACTIVATED,
    MOST,
    PUBLIC,
    QUEUED,
    SHARED,
    ImageDetails,
    images,
)
from kumoi.services.image.images.operations.delete import DELETE
from kumoi.services.image.images.patches import Change, apply
from kumoi.services.image.images.schemas import Known, parse, settable

PAGE, LARGEST_PAGE = 25, 1000
_SORT_KEYS = {
    name: name
    for name in (
        "name", "status", "container_format", "disk_format", "size", "virtual_size", "id", "created_at", "updated_at",
        "owner", "visibility", "min_disk", "min_ram",
    )
}  # fmt: skip


_PAGING: dict[str, Any] = {
    "limit": Limit, "marker": str, "sort": list[str], "sort_dir": list[Way],
    "sort_key": list[Literal[tuple(_SORT_KEYS)]],  # type: ignore[misc]
}  # fmt: skip
LIST_QUERY = texts(optional("ListQuery", {**filters.TYPES, **_PAGING}), Family("properties", ".+"))
"""Any other name is a custom property."""


def visible(tx: Transaction, who: Who, image_id: str) -> ImageDetails:
    """The row, for its owner, its members, everybody (public, community) and admins; otherwise ImageNotFound."""
    row = store.find(tx, image_id)
    if row is None or not sees(tx, who, row):
        raise ImageNotFound(image_id)
    return row


def sees(tx: Transaction, who: Who, row: ImageDetails) -> bool:
    if who.sees(row["owner"]) or row["visibility"] in (PUBLIC, COMMUNITY):
        return True
    return row["visibility"] == SHARED and who.project_id is not None and store.is_member(tx, row["id"], who.project_id)


def own(tx: Transaction, who: Who, image_id: str) -> ImageDetails:
    """The row, for its owner and admins; ImageForbidden for callers who may only see it."""
    row = visible(tx, who, image_id)
    must_be_member(who, "modify_image")
    if not who.changes(row["owner"]):
        raise ImageForbidden(f"You are not permitted to modify image {image_id}: it belongs to another project.")
    return row


def must_be_member(who: Who, rule: str) -> None:
    """PolicyForbids for readers, who may see an image."""
    if not policy.member().allows(who):
        raise PolicyForbids(rule)


def create(tx: Transaction, who: Who, values: dict[str, Any]) -> ImageDetails:
    """`values`: the body, custom properties among the known attributes."""
    known, own_properties = parse(values)
    _check_amounts(known, own_properties)
    _check_visibility(who, known.visibility)
    owner = known.owner or who.project_id
    if owner != who.project_id and not who.is_admin:
        raise ImageForbidden("You are not permitted to create images owned by another project.")
    image_id = known.id or tx.new_uuid()
    # An image with this id that is being deleted would delete the new image's bytes too.
    if known.id and (store.find(tx, image_id) or operations.active_on(tx, subject("image", image_id))):
        raise ImageExists(image_id)
    if owner is not None:
        quotas.take(tx, "image", owner, {"image_count_total": 1})
    row = {
        "id": image_id, "name": known.name, "status": QUEUED, "visibility": known.visibility, "owner": owner,
        "protected": known.protected, "os_hidden": known.os_hidden, "disk_format": known.disk_format,
        "container_format": known.container_format, "min_disk": known.min_disk, "min_ram": known.min_ram,
    }  # fmt: skip
    store.insert(tx, row, own_properties, known.tags)
    return _again(tx, image_id)


def list_for(tx: Transaction, who: Who, params: Params) -> tuple[list[ImageDetails], int]:
    """Rows, and how many a page has."""
    limit = _limit(params)
    sort = sorting(images, *_order(params), allowed=_SORT_KEYS)
    marker = None
    if "marker" in params:
        marker = store.find(tx, params["marker"][-1])
        if marker is None or not sees(tx, who, marker):
            raise MarkerNotFound(f"Invalid marker: image {params['marker'][-1][:255]} could not be found.")
    conditions = [*filters.seen_by(who, params), *filters.asked_for(params)]
    return store.list_of(tx, conditions, sort, marker, limit), limit


def update(tx: Transaction, who: Who, image_id: str, changes: Sequence[Change]) -> ImageDetails:
    row = own(tx, who, image_id)
    before = settable(row)
    known, own_properties = parse(apply(before, list(changes)))
    _check_amounts(known, own_properties)
    new = {name: getattr(known, name) for name in Known.__struct_fields__ if name not in ("id", "tags")}
    old: Mapping[str, Any] = row
    changed = {name: value for name, value in new.items() if value != old[name]}
    for name in ("disk_format", "container_format"):
        if name in changed and row["status"] != QUEUED:
            raise ImageForbidden(f"Attribute {name} can be only replaced for a queued image.")
    if "visibility" in changed:
        _check_visibility(who, known.visibility)
    if "owner" in changed and not who.is_admin:
        raise ImageForbidden("You are not permitted to change the owner of an image.")
    store.update(tx, image_id, **changed)
    store.put_properties(tx, image_id, own_properties)
    store.put_tags(tx, image_id, known.tags)
    return _again(tx, image_id)


def delete(tx: Transaction, who: Who, image_id: str, origin: dict[str, Any]) -> None:
    """Allowed in every status. An active upload ends."""
    row = own(tx, who, image_id)
    if row["protected"]:
        raise ImageProtected(image_id)
    operations.supersede(tx, DELETE, [subject("image", image_id)], {"image_id": image_id}, **origin)
    store.delete(tx, image_id)


def set_active(tx: Transaction, image_id: str, who: Who, *, active: bool) -> None:
    """Reactivate or deactivate. Does nothing if it has that status."""
    row = own(tx, who, image_id)
    if row["status"] not in (ACTIVE, DEACTIVATED):
        raise ImageForbidden(
            f"Image status transition from {row['status']} to {ACTIVE if active else DEACTIVATED} is not allowed."
        )
    wanted = ACTIVE if active else DEACTIVATED
    if row["status"] != wanted:
        store.update(tx, image_id, status=wanted)


def add_tag(tx: Transaction, who: Who, image_id: str, tag: str) -> None:
    row = own(tx, who, image_id)
    if len(tag) > 255:
        raise InvalidImage("Invalid tag: it has more than 255 letters.")
    if tag not in row["tags"]:
        if len(row["tags"]) >= MOST:
            raise TooMany(f"An image has at most {MOST} tags.")
        store.put_tags(tx, image_id, [*row["tags"], tag])
        store.update(tx, image_id)


def remove_tag(tx: Transaction, who: Who, image_id: str, tag: str) -> None:
    row = own(tx, who, image_id)
    if tag not in row["tags"]:
        raise ImageNotFound(f"{image_id} with the tag {tag[:255]}")
    store.put_tags(tx, image_id, [name for name in row["tags"] if name != tag])
    store.update(tx, image_id)


def _again(tx: Transaction, image_id: str) -> ImageDetails:
    row = store.find(tx, image_id)
    assert row is not None
    return row


def _check_visibility(who: Who, visibility: str) -> None:
    if visibility == PUBLIC and not who.is_admin:
        raise PolicyForbids("publicize_image")


def _check_amounts(known: Known, own_properties: dict[str, str]) -> None:
    for what, count in (("properties", len(own_properties)), ("tags", len(known.tags))):
        if count > MOST:
            raise TooMany(f"An image has at most {MOST} {what}; {count} were given.")


def _limit(params: Params) -> int:
    if "limit" not in params:
        return PAGE
    text = params["limit"][-1]
    if not (text.isdecimal() and len(text) < 10):
        raise InvalidImage("limit param must be an integer that is not negative.")
    return min(int(text), LARGEST_PAGE)


def _order(params: Params) -> tuple[list[str], list[str]]:
    """Keys and directions from `sort=name:asc,size` or from sort_key and sort_dir."""
    if "sort" not in params:
        keys, ways = params.get("sort_key", []), params.get("sort_dir", [])
        if len(ways) > 1 and len(ways) != len(keys):
            raise InvalidImage("Number of sort dirs does not match the number of sort keys.")
        return keys, ways
    if "sort_key" in params or "sort_dir" in params:
        raise InvalidImage("Old and new sorting syntax cannot be combined.")
    pairs = [part.strip().partition(":") for part in ",".join(params["sort"]).split(",")]
    return [key.strip() for key, _, _ in pairs], [way.strip() or "desc" for _, _, way in pairs]
