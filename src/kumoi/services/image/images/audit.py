"""Compares the image service's tables with the image store."""

from typing import Any

from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subject
from kumoi.kernel.reconcile import View
from kumoi.services.image import stores
from kumoi.services.image.images import store
from kumoi.services.image.images.models import ACTIVE, DEACTIVATED, TRANSIENT, UPLOADING
from kumoi.services.image.offers import FILES, OBJECTS


def differences(view: View) -> list[dict[str, Any]]:
    inventories = {name: set(images.inventory()) for name, images in stores.every(view.engine).items()}
    lying = set[str]().union(*inventories.values())

    def compare(tx: Transaction) -> list[tuple[str, str]]:
        rows = {row["id"]: row for row in store.every(tx)}
        found = []
        for image_id, row in rows.items():
            guarded = operations.active_on(tx, subject("image", image_id)) is not None
            own = (row["store"] or FILES).split(",")
            if row["status"] in (ACTIVE, DEACTIVATED) and any(
                image_id not in inventories.get(name, ()) for name in own
            ):
                found.append((image_id, f"it is {row['status']}, but its data is not in the image store"))
            if (row["status"] in TRANSIENT or row["upload"]) and not guarded:
                found.append((image_id, f"it is {row['status']}, but nothing works on it"))
            # Hosts take the bytes of other stores' images from a file.
            wrong = OBJECTS not in own and image_id in inventories.get(OBJECTS, ())
            wrong = wrong or (image_id in lying and row["status"] not in (ACTIVE, DEACTIVATED, UPLOADING))
            if wrong and not guarded:
                found.append((image_id, f"it is {row['status']}, but its data is in the image store"))
        for image_id in sorted(lying - set(rows)):
            if operations.active_on(tx, subject("image", image_id)) is None:
                found.append((image_id, "its data is in the image store, but there is no such image"))
        return found

    return [
        {"service": "image", "kind": "image", "id": image_id, "problem": problem}
        for image_id, problem in view.read(compare)
    ]
