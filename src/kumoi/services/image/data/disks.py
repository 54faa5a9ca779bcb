"""Images of disks: a host writes the bytes into the store, and an operation of another service settles the image."""

from collections.abc import Mapping
from typing import Any

from kumoi.engines.images.interface import ImageRefused, ImagesError, ImageStore, Stored
from kumoi.engines.images.receiving import Received
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Failed
from kumoi.kernel.who import Who
from kumoi.services.image.data import logic
from kumoi.services.image.images import logic as images
from kumoi.services.image.images import store as images_store
from kumoi.services.image.images.models import ImageDetails
from kumoi.services.image.images.schemas import KNOWN, READ_ONLY, RESERVED
from kumoi.services.image.stores import BLOCK

LONGEST = 4 * 3600 * SECOND
"""How long an operation may be silent. After that the image is queued again."""


def expect(
    tx: Transaction, who: Who, values: Mapping[str, Any], properties: Mapping[str, str], origin: dict[str, Any]
) -> tuple[ImageDetails, str]:
    """A new image that is `saving`, and the id of its upload. `values` as in the image API: name, disk_format,
    container_format, visibility, protected, min_disk, min_ram. `properties`: custom ones; those that are no client's to
    set are left out. Takes quota of image_count_total and image_count_uploading. The operation ends with `finish` or
    `give_up`, in a transaction of its own."""
    kept = {
        name: value
        for name, value in properties.items()
        if name not in KNOWN | READ_ONLY | RESERVED and not name.startswith("os_glance")
    }
    image_id = images.create(tx, who, {**kept, **values})["id"]
    upload = logic.begin(tx, who, image_id, origin, staging=False)
    images_store.update(tx, image_id, upload_seen_at=tx.now + LONGEST)
    row = images_store.find(tx, image_id)
    assert row is not None
    return row, upload.id


def measure(context: Context, image_id: str, upload: str) -> Stored:
    """Inspect and hash the bytes, which a host has written into the store. Failed if they are not what the image says, or
    if nobody waits for them any more."""
    row = context.read(lambda tx: images_store.find(tx, image_id))
    if row is None or row["upload"] != upload:
        raise Failed(f"Image {image_id} was deleted.")
    received = Received(row["disk_format"])
    try:
        with context.engine(ImageStore).open(image_id) as file:
            while block := file.read(BLOCK):
                received.feed(block)
        return received.stored(received.inspected())
    except (ImagesError, ImageRefused) as error:
        raise Failed(str(error)) from error


def discard(context: Context, image_id: str, upload: str) -> None:
    """Remove bytes that a host may have written, unless the image has them."""
    if context.read(lambda tx: logic.owns(tx, image_id, upload)):
        context.engine(ImageStore).delete(image_id)


finish = logic.finish
give_up = logic.give_up
