"""The stream of changes, which the streams process answers."""

from collections.abc import AsyncIterator

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.cloud.changes import live, schemas

routes = Routes()


@routes.get("/changes", policy=policy.reader(), mode="stream", query=schemas.FollowQuery, reply=bytes, errors=(429,))
async def follow(request: Request, body: AsyncIterator[bytes]) -> Reply:
    """Server-sent events: `hello` first; then a message for each change; `reset` when the client has to read everything
    again; `end` before the stream ends."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Reply(stream=live.follow(request), content_type="text/event-stream", headers=headers, endless=True)
