"""Brings the bytes of an image to the folder from which hosts take them."""

from kumoi.engines.images.interface import ImagesError, ImageStore, UploadRunning
from kumoi.kernel.operations import Again, Context
from kumoi.services.image import stores
from kumoi.services.image.images import store as images_store
from kumoi.services.image.offers import FILES


def lend(context: Context, image_id: str) -> Again | None:
    """For a step that prepares an image's base on a host. The bytes stay as long as the image; where the disk allows it,
    they take no room of their own."""
    row = context.read(lambda tx: images_store.find(tx, image_id))
    if row is None or FILES in stores.names(row["store"]):
        return None
    files, objects = context.engine(ImageStore), stores.objects(context.engine)
    try:
        files.path(image_id)
        return None
    except ImagesError:
        pass
    try:
        if not files.adopt(image_id, objects.path(image_id)):
            raise ImagesError("it must be copied")
    except ImagesError:
        try:
            stores.copy(objects, files, row)
        except UploadRunning:
            return Again(after=1.0)
    return None
