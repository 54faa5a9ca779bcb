"""Finds out from where the front sends the bytes of an image."""

from kumoi.engines.images.interface import ImagesError
from kumoi.kernel.errors import Unavailable
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.image import stores
from kumoi.services.image.data import logic
from kumoi.services.image.offers import OBJECTS

_TYPE = "application/octet-stream"


def download(request: Request, image_id: str) -> Reply:
    row = request.database.read(lambda tx: logic.downloadable(tx, request.who, image_id))
    if row is None:
        return Reply(status=204)
    headers = {"Content-MD5": row["checksum"] or ""}
    if row["store"] != OBJECTS:
        return Reply(file=f"/_images/{row['id']}", headers=headers, content_type=_TYPE)
    try:
        images = stores.objects(request.engine)
        found = images.find(row["id"])
        below = None if isinstance(found, bytes) else images.sent_from(found)
    except ImagesError as error:
        raise Unavailable(f"The data of image {row['id']} cannot be read: {str(error)[:300]}.") from error
    if isinstance(found, bytes):
        return Reply(raw=found, headers=headers, content_type=_TYPE)
    return Reply(file=f"/_objects/{below}", headers=headers, content_type=_TYPE)
