"""Compares the image service's tables with the image store."""

from typing import Any

from kumoi.engines.images.interface import ImageStore
from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subject
from kumoi.kernel.reconcile import View
from kumoi.services.image.images import store
from kumoi.services.image.images.models import ACTIVE, DEACTIVATED, TRANSIENT, UPLOADING


def differences(view: View) -> list[dict[str, Any]]:
    lying = set(view.engine(ImageStore).inventory())

    def compare(tx: Transaction) -> list[tuple[str, str]]:
        rows = {row["id"]: row for row in store.every(tx)}
        found = []
        for image_id, row in rows.items():
            guarded = operations.active_on(tx, subject("image", image_id)) is not None
            if row["status"] in (ACTIVE, DEACTIVATED) and image_id not in lying:
                found.append((image_id, f"it is {row['status']}, but its data is not in the image store"))
            if (row["status"] in TRANSIENT or row["upload"]) and not guarded:
                found.append((image_id, f"it is {row['status']}, but nothing works on it"))
            if image_id in lying and row["status"] not in (ACTIVE, DEACTIVATED, UPLOADING) and not guarded:
                found.append((image_id, f"it is {row['status']}, but its data is in the image store"))
        for image_id in sorted(lying - set(rows)):
            if operations.active_on(tx, subject("image", image_id)) is None:
                found.append((image_id, "its data is in the image store, but there is no such image"))
        return found

    return [
        {"service": "image", "kind": "image", "id": image_id, "problem": problem}
        for image_id, problem in view.read(compare)
    ]
