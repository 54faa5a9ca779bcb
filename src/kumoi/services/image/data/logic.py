"""Checks when an image may receive bytes, and updates the row after an upload."""

from dataclasses import dataclass
from typing import Any

from kumoi.engines.images.interface import Stored
from kumoi.kernel import operations, quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, PolicyForbids
from kumoi.kernel.operations import DONE, UNDONE, subject
from kumoi.kernel.who import Who
from kumoi.services.image import stores
from kumoi.services.image.contents import room
from kumoi.services.image.data.errors import Deactivated, NotStored, OnlyStore, UnknownMethod
from kumoi.services.image.data.operations.copying import COPY
from kumoi.services.image.data.operations.importing import IMPORT
from kumoi.services.image.data.operations.removing import REMOVE
from kumoi.services.image.data.operations.upload import UPLOAD
from kumoi.services.image.images import store as images_store
from kumoi.services.image.images.errors import ImageProtected, InvalidImage, WrongStatus
from kumoi.services.image.images.logic import must_be_member, own, visible
from kumoi.services.image.images.models import (
    ACTIVE,
    DEACTIVATED,
    IMPORTING,
    QUEUED,
    SAVING,
    UPLOADING,
    ImageDetails,
)
from kumoi.services.image.offers import COPY_IMAGE, FILES, IMPORT_METHODS, REMOTE, WEB_DOWNLOAD


@dataclass(frozen=True)
class Upload:
    """An upload that may begin. `id`: that of its operation. `disk_format`: the required format of the bytes; `raw`:
    none of the known formats. `most`: bytes that the owner's quota has left; None: no limit."""

    id: str
    disk_format: str
    most: int | None
    properties: dict[str, str]


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
    most = room.left(tx, row["owner"], staging=staging)
    if most is not None:
        room.check(most if most else -1, size or 0)
    upload = operations.begin(
        tx, UPLOAD, [subject("image", image_id)], {"image_id": image_id, "staging": staging, "store": store}, **origin
    )
    images_store.update(tx, image_id, status=wanted, upload=upload, upload_seen_at=tx.now, store=store)
    return Upload(upload, room.inspected_as(row["container_format"], row["disk_format"]), most, row["properties"])


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
    room.check(room.left(tx, row["owner"], staging=staging), stored.size)
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


@dataclass(frozen=True)
class Import:
    """What a client asks for. `stores`: the stores that get the bytes. `url` is sealed, because it may hold a password;
    `told` is the request as tasks show it."""

    method: str
    stores: list[str]
    told: dict[str, Any]
    must_succeed: bool = True
    url: str = ""
    remote: dict[str, str] | None = None
    """The image of another service: region, interface, image_id. `url` is then the sealed token of the caller."""
    task: str = "api_image_import"
    """The type of the task that shows it."""


def bring_in(tx: Transaction, who: Who, image_id: str, asked: Import, most: int, origin: dict[str, Any]) -> str:
    """Start an import, and return the id of its operation. `most`: the bytes that a download may have."""
    if asked.method == COPY_IMAGE:
        return _copy(tx, who, image_id, asked, origin)
    row = own(tx, who, image_id)
    if asked.method not in IMPORT_METHODS:
        raise UnknownMethod(asked.method, IMPORT_METHODS)
    for name in ("container_format", "disk_format"):
        if row[name] is None:
            raise WrongStatus(f"'{name}' needs to be set before import.")
    arguments = {
        "image_id": image_id, "stores": asked.stores, "method": asked.method, "must_succeed": asked.must_succeed,
        "request": asked.told, "sealed": asked.url, "task": asked.task,
    }  # fmt: skip
    left = room.left(tx, row["owner"], staging=False)
    if asked.method in (WEB_DOWNLOAD, REMOTE):
        if row["status"] != QUEUED:
            raise WrongStatus(
                f"Image needs to be in 'queued' state to use '{asked.method}' method; it is {row['status']}."
            )
        if row["owner"] is not None:
            quotas.take(tx, "image", row["owner"], {"image_count_uploading": 1})
        room.check(None if left is None else left or -1, 0)
        arguments |= {
            "most": min(most, left) if left is not None else most,
            "disk_format": room.inspected_as(row["container_format"], row["disk_format"]),
        }
        arguments |= {"remote": asked.remote} if asked.remote else {}
        begun = operations.begin(tx, IMPORT, [subject("image", image_id)], arguments, **origin)
        images_store.update(
            tx, image_id, status=IMPORTING, upload=begun, store=FILES, importing_to=stores.joined(asked.stores),
            failed_import="",
        )  # fmt: skip
        return begun
    if row["status"] != UPLOADING or row["upload"] is not None or row["checksum"] is None:
        raise WrongStatus(
            f"Image needs to be staged before '{asked.method}' method can be used; it is {row['status']}."
        )
    room.check(left, row["size"] or 0)
    begun = operations.begin(tx, IMPORT, [subject("image", image_id)], arguments, **origin)
    told = {"importing_to": stores.joined(asked.stores), "failed_import": ""}
    if stores.joined(asked.stores) == row["store"]:
        # Staged bytes were inspected during the upload, and lie where they shall be.
        operations.end(tx, begun, DONE)
        images_store.update(tx, image_id, status=ACTIVE, **{**told, "importing_to": ""})
    else:
        images_store.update(tx, image_id, status=IMPORTING, **told)
    return begun


def _copy(tx: Transaction, who: Who, image_id: str, asked: Import, origin: dict[str, Any]) -> str:
    """To stores where it is not yet. Images of others too, so only admins may."""
    row = visible(tx, who, image_id)
    if not who.is_admin:
        raise PolicyForbids("copy_image")
    if row["status"] != ACTIVE:
        raise WrongStatus(f"Only images with status active can be targeted for copying; it is {row['status']}.")
    missing = [name for name in asked.stores if name not in stores.names(row["store"])]
    if len(missing) < len(asked.stores) and "all_stores" not in asked.told:
        raise BadRequest(f"stores: the image is already present at store {(set(asked.stores) - set(missing)).pop()!r}.")
    arguments = {"image_id": image_id, "stores": missing, "must_succeed": asked.must_succeed, "request": asked.told}
    begun = operations.begin(tx, COPY, [subject("image", image_id)], arguments, **origin)
    if missing:
        images_store.update(tx, image_id, importing_to=stores.joined(missing), failed_import="")
    else:
        operations.end(tx, begun, DONE)
        images_store.update(tx, image_id, importing_to="", failed_import="")
    return begun


def remove_from(tx: Transaction, who: Who, image_id: str, store: str, origin: dict[str, Any]) -> None:
    """Take the bytes from one of several stores."""
    row = own(tx, who, image_id)
    if row["status"] != ACTIVE:
        raise WrongStatus(f"Image {image_id} is {row['status']}; bytes of an active image are removed from a store.")
    if store not in stores.names(row["store"]):
        raise NotStored(image_id, store)
    if row["protected"]:
        raise ImageProtected(image_id)
    rest = [name for name in stores.names(row["store"]) if name != store]
    if not rest:
        raise OnlyStore()
    operations.begin(tx, REMOVE, [subject("image", image_id)], {"image_id": image_id, "store": store}, **origin)
    images_store.update(tx, image_id, store=stores.joined(rest))


def downloadable(tx: Transaction, who: Who, image_id: str) -> ImageDetails | None:
    """The row; None if the image has no bytes yet."""
    row = visible(tx, who, image_id)
    must_be_member(who, "download_image")
    if row["status"] == DEACTIVATED and not who.is_admin:
        raise Deactivated(image_id)
    return row if row["status"] in (ACTIVE, DEACTIVATED) else None
