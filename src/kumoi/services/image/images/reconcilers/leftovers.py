"""Removes bytes without an image: of uploads whose image was deleted at the moment when their receiver died."""

from kumoi.kernel import events, operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.image import offers, stores
from kumoi.services.image.images import store
from kumoi.services.image.images.operations.delete import DELETE

EVERY = 600.0


def sweep(view: View) -> None:
    lying = {image_id for images in stores.every(view.engine).values() for image_id in images.inventory()}
    uploads = stores.objects(view.engine).uploads() if offers.OBJECTS in offers.stores() else {}
    known = {row["id"]: row for row in view.read(store.every)}
    for image_id in sorted(lying - set(known)):
        view.write(lambda tx, image_id=image_id: _remove(tx, image_id))  # type: ignore[misc]
    for image_id, token in uploads.items():
        if image_id not in known or known[image_id]["upload"] is None:
            stores.objects(view.engine).forget_upload(image_id, token)


def _remove(tx: Transaction, image_id: str) -> None:
    if store.find(tx, image_id) is None and operations.active_on(tx, subject("image", image_id)) is None:
        operations.begin(
            tx, DELETE, [subject("image", image_id)], {"image_id": image_id}, request_id="", user_id="", project_id=None
        )
        problem = "its data was in the image store, but there is no such image"
        events.write(tx, "image.leftover.mended", subject("image", image_id), problem=problem)


LEFTOVERS = Sweep("image.leftovers", EVERY, sweep)
