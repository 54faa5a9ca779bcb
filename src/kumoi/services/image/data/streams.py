"""Routes of uploads, which the streams process answers, and of downloads that the front cannot send."""

from collections.abc import AsyncIterator

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.image.data import live
from kumoi.services.image.data.upload import receive

routes = Routes()

_REFUSALS = (408, 409, 410, 413, 415)


@routes.put(
    "/v2/images/{image_id}/file",
    policy=policy.member_of_visible(),
    mode="stream",
    status=204,
    raw_body=True,
    errors=_REFUSALS,
)
async def upload(request: Request, body: AsyncIterator[bytes], image_id: str) -> None:
    await receive(request, body, image_id, staging=False)


@routes.put(
    "/v2/images/{image_id}/stage",
    policy=policy.member_of_visible(),
    mode="stream",
    status=204,
    raw_body=True,
    errors=_REFUSALS,
)
async def stage(request: Request, body: AsyncIterator[bytes], image_id: str) -> None:
    await receive(request, body, image_id, staging=True)


@routes.get("/v2/images/{image_id}/file", policy=policy.reader(), mode="stream", reply=bytes, errors=(204, 409, 410))
async def download(request: Request, body: AsyncIterator[bytes], image_id: str) -> Reply:
    return await live.stream(request, image_id)
