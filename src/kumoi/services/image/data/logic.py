"""Checks when an image may receive bytes, and updates the row after an upload."""

from dataclasses import dataclass
from typing import Any

from kumoi.engines.images.interface import Stored
from kumoi.kernel import operations, quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import DONE, UNDONE, subject
from kumoi.kernel.who import Who
from kumoi.services.image.data.errors import Deactivated, NotStored, OnlyStore, OverSize, UnknownMethod
from kumoi.services.image.data.operations.importing import IMPORT
from kumoi.services.image.data.operations.upload import UPLOAD
from kumoi.services.image.images import store as images_store
from kumoi.services.image.images.errors import InvalidImage, WrongStatus
from kumoi.services.image.images.logic import own, visible
from kumoi.services.image.images.models import (
    ACTIVE,
    DEACTIVATED,
    IMPORTING,
    QUEUED,
    SAVING,
    UPLOADING,
    ImageDetails,
)
from kumoi.services.image.offers import FILES, IMPORT_METHODS

_FILES_OF_FILES = frozenset({"ovf", "ova", "docker", "compressed"})
"""Containers that are archives and not a bare disk. A disk is not accepted in one, because its own format would not be
checked."""


@dataclass(frozen=True)
class Upload:
    """An upload that may begin. `id`: that of its operation. `disk_format`: the required format of the bytes; `raw`:
    none of the known formats. `most`: bytes that the owner's quota has left; None: no limit."""

    id: str
    disk_format: str
    most: int | None


def begin(
    tx: Transaction, who: Who, image_id: str, origin: dict[str, Any], *, staging: bool, size: int | None = None,
    store: str = FILES,
) -> Upload:  # fmt: skip
    """`size`: bytes that the client promises."""
    row = own(tx, who, image_id)
    wanted = UPLOADING if staging else SAVING
    if row["status"] != QUEUED:
        raise WrongStatus(f"Image status transition from {row['status']} to {wanted} is not allowed.")
    missing = [name for name in ("disk_format", "container_format") if row[name] is None]
    if missing:
        raise InvalidImage(f"Properties {', '.join(missing)} must be set prior to saving data.")
    if row["owner"] is not None:
        quotas.take(tx, "image", row["owner"], {"image_count_uploading": 1})
    most = _room(tx, row["owner"], staging=staging)
    if most is not None:
        check_room(most if most else -1, size or 0)
    upload = operations.begin(
        tx, UPLOAD, [subject("image", image_id)], {"image_id": image_id, "staging": staging, "store": store}, **origin
    )
    images_store.update(tx, image_id, status=wanted, upload=upload, upload_seen_at=tx.now, store=store)
    return Upload(upload, "raw" if row["container_format"] in _FILES_OF_FILES else str(row["disk_format"]), most)


def _room(tx: Transaction, owner: str | None, *, staging: bool) -> int | None:
    """Bytes that the owner's quota has left; None: no limit."""
    if owner is None:
        return None
    quota = images_store.STAGE if staging else images_store.SIZE
    most = quotas.limit(tx, "image", quota.resource, owner)
    return None if most == quotas.UNLIMITED else max(0, most - quota.usage(tx, owner)) << 20


def check_room(most: int | None, size: int) -> None:
    """OverSize when the bytes are more than there is room for."""
    if most is not None and size > most:
        raise OverSize(max(most, 0))


def beat(tx: Transaction, image_id: str, upload: str) -> bool:
    """Record that the receiver is active. False: the image is deleted, or the upload was given up."""
    row = images_store.find(tx, image_id)
    if row is None or row["upload"] != upload:
        return False
    images_store.update(tx, image_id, upload_seen_at=tx.now, updated_at=row["updated_at"])
    return True


def finish(tx: Transaction, image_id: str, upload: str, stored: Stored, *, staging: bool) -> bool:
    """The upload is complete. False: the image does not need it any more."""
    row = images_store.find(tx, image_id)
    if row is None or row["upload"] != upload or not operations.is_running(tx, upload):
        return False
    # Other uploads of the same owner may have ended in the meantime.
    check_room(_room(tx, row["owner"], staging=staging), stored.size)
    images_store.update(
        tx, image_id, status=UPLOADING if staging else ACTIVE, upload=None, upload_seen_at=None, size=stored.size,
        virtual_size=stored.virtual_size, checksum=stored.checksum, os_hash_algo=stored.os_hash_algo,
        os_hash_value=stored.os_hash_value,
    )  # fmt: skip
    operations.end(tx, upload, DONE)
    return True


def wanted(tx: Transaction, image_id: str, upload: str) -> bool:
    """Whether the row still waits for this upload."""
    row = images_store.find(tx, image_id)
    return row is not None and row["upload"] == upload


def owns(tx: Transaction, image_id: str, upload: str) -> bool:
    """Whether this upload may remove its bytes: the row is gone, or still waits for it."""
    row = images_store.find(tx, image_id)
    return row is None or row["upload"] == upload


def give_up(tx: Transaction, image_id: str, upload: str) -> None:
    """The image is queued again, for another attempt."""
    row = images_store.find(tx, image_id)
    if row is not None and row["upload"] == upload:
        images_store.update(tx, image_id, status=QUEUED, upload=None, upload_seen_at=None, store=None)
        operations.end(tx, upload, UNDONE)


def bring_in(tx: Transaction, who: Who, image_id: str, method: str, store: str, origin: dict[str, Any]) -> None:
    """Import staged bytes. They were inspected during the upload, so the image is active at once, or as soon as they are
    in the store."""
    row = own(tx, who, image_id)
    if method not in IMPORT_METHODS:
        raise UnknownMethod(method, IMPORT_METHODS)
    if row["status"] != UPLOADING or row["upload"] is not None or row["checksum"] is None:
        raise WrongStatus(f"Image needs to be staged before 'glance-direct' method can be used; it is {row['status']}.")
    check_room(_room(tx, row["owner"], staging=False), row["size"] or 0)
    if store == row["store"]:
        images_store.update(tx, image_id, status=ACTIVE)
        return
    images_store.update(tx, image_id, status=IMPORTING)
    operations.begin(tx, IMPORT, [subject("image", image_id)], {"image_id": image_id, "store": store}, **origin)


def check_removable(tx: Transaction, who: Who, image_id: str, store: str) -> None:
    """Whether the bytes may go from a store. Each image has one, which it cannot lose."""
    row = own(tx, who, image_id)
    if row["status"] != ACTIVE:
        raise WrongStatus(f"Image {image_id} is {row['status']}; bytes of an active image are removed from a store.")
    if row["store"] != store:
        raise NotStored(image_id, store)
    raise OnlyStore()


def downloadable(tx: Transaction, who: Who, image_id: str) -> ImageDetails | None:
    """The row; None if the image has no bytes yet."""
    row = visible(tx, who, image_id)
    if row["status"] == DEACTIVATED and not who.is_admin:
        raise Deactivated(image_id)
    return row if row["status"] in (ACTIVE, DEACTIVATED) else None
