"""SQL of images, their properties and tags; rows carry `properties` (name → value) and `tags` (sorted)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.kernel.quotas import Quota
from kumoi.services.image.images.models import (
    ACTIVE,
    DEACTIVATED,
    IMPORTING,
    UPLOADING,
    ImageDetails,
    ImageRow,
    images,
    members,
    properties,
    tags,
)


class ImageStatus(TypedDict):
    id: str
    status: str
    upload: str | None
    store: str | None


def insert(tx: Transaction, values: Mapping[str, Any], own: Mapping[str, str], its_tags: Iterable[str]) -> None:
    """`own`: custom properties."""
    tx.insert(images, **{"created_at": tx.now, "updated_at": tx.now, **values})
    put_properties(tx, values["id"], own)
    put_tags(tx, values["id"], its_tags)


def find(tx: Transaction, image_id: str) -> ImageDetails | None:
    rows = complete(tx, tx.rows(images, id=image_id))
    return rows[0] if rows else None


def by_ids(tx: Transaction, ids: Iterable[str]) -> list[ImageDetails]:
    return complete(tx, tx.rows(images, id=list(ids)))


def complete(tx: Transaction, rows: list[ImageRow]) -> list[ImageDetails]:
    """The rows with their properties and tags, by two queries however many there are."""
    if not rows:
        return []
    found: dict[str, ImageDetails] = {row["id"]: {**row, "properties": {}, "tags": []} for row in rows}
    for own in tx.rows(properties, properties.c.name, image_id=list(found)):
        found[own["image_id"]]["properties"][own["name"]] = own["value"]
    for tagged in tx.rows(tags, tags.c.tag, image_id=list(found)):
        found[tagged["image_id"]]["tags"].append(tagged["tag"])
    return list(found.values())


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: ImageDetails | None,
    limit: int,
) -> list[ImageDetails]:
    return complete(tx, page(tx, sa.select(images).where(*conditions), ImageRow, sort=sort, marker=marker, limit=limit))


def update(tx: Transaction, image_id: str, **values: Any) -> None:
    tx.execute(images.update().where(images.c.id == image_id).values(**{"updated_at": tx.now, **values}))


def put_properties(tx: Transaction, image_id: str, values: Mapping[str, str]) -> None:
    tx.execute(properties.delete().where(properties.c.image_id == image_id))
    tx.insert_many(properties, [{"image_id": image_id, "name": n, "value": v} for n, v in values.items()])


def put_tags(tx: Transaction, image_id: str, values: Iterable[str]) -> None:
    tx.execute(tags.delete().where(tags.c.image_id == image_id))
    tx.insert_many(tags, [{"image_id": image_id, "tag": tag} for tag in sorted(set(values))])


def delete(tx: Transaction, image_id: str) -> None:
    """Also deletes its properties, tags and members."""
    tx.execute(images.delete().where(images.c.id == image_id))


def with_properties(tx: Transaction, owner: str, wanted: Mapping[str, str]) -> list[str]:
    """The ids of the project's images with bytes that have all these properties, oldest first."""
    query = sa.select(images.c.id).where(images.c.owner == owner, images.c.status.in_((ACTIVE, DEACTIVATED)))
    for name, value in wanted.items():
        has = sa.select(properties.c.image_id).where(properties.c.name == name, properties.c.value == value)
        query = query.where(images.c.id.in_(has))
    return tx.column(query.order_by(images.c.created_at, images.c.id))


def ids_with_data(tx: Transaction) -> list[str]:
    query = sa.select(images.c.id).where(images.c.status.in_((ACTIVE, DEACTIVATED))).order_by(images.c.id)
    return tx.column(query)


def every(tx: Transaction) -> list[ImageStatus]:
    """What audit and sweeps compare."""
    columns = (images.c.id, images.c.status, images.c.upload, images.c.store)
    return tx.all(sa.select(*columns).order_by(images.c.id), ImageStatus)


def _counted(*conditions: sa.ColumnElement[bool]) -> Callable[[Transaction, str], int]:
    query = sa.select(sa.func.count()).select_from(images).where(*conditions)
    return lambda tx, project_id: int(tx.scalar(query.where(images.c.owner == project_id)) or 0)


def _mebibytes(*conditions: sa.ColumnElement[bool]) -> Callable[[Transaction, str], int]:
    """In whole MiB for each image, rounded up."""
    query = sa.select(sa.func.coalesce(sa.func.sum(images.c.size), 0)).where(*conditions)
    return lambda tx, project_id: -(-int(tx.scalar(query.where(images.c.owner == project_id)) or 0) >> 20)


COUNT = Quota("image", "image_count_total", 100, _counted())
SIZE = Quota("image", "image_size_total", 200 << 10, _mebibytes(images.c.status.in_((ACTIVE, DEACTIVATED, IMPORTING))))
STAGE = Quota("image", "image_stage_total", 100 << 10, _mebibytes(images.c.status == UPLOADING))
UPLOADS = Quota("image", "image_count_uploading", 10, _counted(images.c.upload.isnot(None)))
"""As Glance's unified limits call them: numbers of images, and MiB."""


def is_member(tx: Transaction, image_id: str, project_id: str) -> bool:
    return tx.row(members, image_id=image_id, member_id=project_id) is not None
