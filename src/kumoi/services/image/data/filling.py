"""Fills images with bytes that a host copied, for services that make images of their things. The same operation guards
such an upload as one of a client."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from kumoi.engines.images.interface import Stored, UploadRunning
from kumoi.kernel import clock, operations
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, subject
from kumoi.kernel.who import Who
from kumoi.services.image import offers, stores
from kumoi.services.image.data import logic
from kumoi.services.image.data.upload import BEAT_SECONDS
from kumoi.services.image.images import logic as images_logic
from kumoi.services.image.images import store as images_store
from kumoi.services.image.images.models import ACTIVE, DEACTIVATED
from kumoi.services.image.images.operations.delete import DELETE
from kumoi.services.image.stores import BLOCK


def queue(
    tx: Transaction, who: Who, *, owner: str, name: str, properties: Mapping[str, str], min_disk: int, min_ram: int
) -> str:
    """The id of a new private image of the project, without bytes. The calling route must declare quota
    `image_count_total`."""
    known = {
        "name": name, "owner": owner, "visibility": "private", "disk_format": "qcow2", "container_format": "bare",
        "min_disk": min_disk, "min_ram": min_ram,
    }  # fmt: skip
    return str(images_logic.create(tx, who, {**properties, **known})["id"])


def begin(tx: Transaction, who: Who, image_id: str, origin: dict[str, Any]) -> str:
    """The id of the upload. ImageNotFound (404) when the image was deleted, WrongStatus (409) when it has bytes."""
    return logic.begin(tx, who, image_id, origin, staging=False, store=offers.STORE).id


def fill(context: Context, image_id: str, upload: str, file: Path) -> Again | None:
    """For a step: copy the file's bytes into the store. Their description is in the context's data afterwards."""
    images = stores.of(context.engine, offers.STORE)
    try:
        writer = images.begin(image_id, "qcow2")
    except UploadRunning:
        return Again(5.0)
    told = clock.now()
    try:
        with file.open("rb") as source:
            while block := source.read(BLOCK):
                writer.write(block)
                if clock.now() - told > BEAT_SECONDS * SECOND:
                    told = clock.now()
                    context.database.write(lambda tx: logic.beat(tx, image_id, upload), durable=False)
        context.data["stored"] = msgspec.to_builtins(writer.finish())
    except BaseException:
        writer.abort()
        raise
    return None


def end(context: Context, tx: Transaction, image_id: str, upload: str) -> bool:
    """The image is active. False: it was deleted, or the upload was given up."""
    return logic.finish(tx, image_id, upload, msgspec.convert(context.data["stored"], Stored), staging=False)


def remove_bytes(context: Context, image_id: str, upload: str) -> None:
    """For a step that is undone."""
    if context.read(lambda tx: logic.owns(tx, image_id, upload)):
        stores.of(context.engine, offers.STORE).delete(image_id)


give_up = logic.give_up


def with_properties(tx: Transaction, owner: str, wanted: Mapping[str, str]) -> list[str]:
    """The ids of the project's images with bytes that have all these properties, oldest first."""
    return images_store.with_properties(tx, owner, wanted)


def filled(tx: Transaction, image_id: str) -> bool:
    """Whether the image exists and its bytes have come."""
    row = images_store.find(tx, image_id)
    return row is not None and row["status"] in (ACTIVE, DEACTIVATED)


def discard(tx: Transaction, image_id: str, origin: dict[str, Any], *, unfilled: bool = False) -> None:
    """Delete the image, unless it is protected. `unfilled`: only if its bytes have not come."""
    row = images_store.find(tx, image_id)
    if row is None or row["protected"] or (unfilled and filled(tx, image_id)):
        return
    operations.supersede(tx, DELETE, [subject("image", image_id)], {"image_id": image_id}, **origin)
    images_store.delete(tx, image_id)
