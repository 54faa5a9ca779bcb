"""Routes of the bytes of images; uploads are in `streams.py`."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.image.data import logic, schemas

routes = Routes()


@routes.post("/v2/images/{image_id}/import", policy=policy.member(), body=schemas.Import, status=202, errors=(409, 413))
def bring_in(request: Request, image_id: str, body: schemas.Import) -> Reply:
    logic.bring_in(request.tx, request.who, image_id, body.method.name)
    return Reply()


@routes.get("/v2/images/{image_id}/file", policy=policy.reader(), reply=bytes, errors=(204, 409, 410))
def download(request: Request, image_id: str) -> Any:
    row = logic.downloadable(request.tx, request.who, image_id)
    if row is None:
        return Reply(status=204)
    return Reply(
        file=f"/_images/{row['id']}",
        headers={"Content-MD5": row["checksum"] or ""},
        content_type="application/octet-stream",
    )
