"""The stream of changes, which the streams process answers."""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec

from kumoi.kernel import feed, policy
from kumoi.kernel.changes import Position
from kumoi.kernel.errors import BadRequest, PolicyForbids
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.settings import Folder
from kumoi.kernel.who import Who

routes = Routes()


class FollowQuery(msgspec.Struct, kw_only=True):
    after: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """The `id` of the last message that the client has read."""


@routes.get("/changes", policy=policy.reader(), mode="stream", query=FollowQuery, reply=bytes, errors=(429,))
async def follow(request: Request, body: AsyncIterator[bytes]) -> Reply:
    """Server-sent events: `hello` first; then a message for each change; `reset` when the client has to read everything
    again; `end` before the stream ends."""
    after = _position(request.query().after)
    folder: Folder = request.engine(Folder)

    def check() -> Who:
        who = request.authenticate(request.database, request.token)
        assert request.route is not None
        if not request.route.policy.allows(who):
            raise PolicyForbids(request.route.name)
        return who

    follower = feed.of(request.database, folder.changes_socket).follow(request.who, check, after)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Reply(stream=follower, content_type="text/event-stream", headers=headers, endless=True)


def _position(text: str | None) -> Position | None:
    try:
        return None if text is None else Position.read(text)
    except ValueError:
        raise BadRequest("Invalid input for query parameter after: it is the id of a message of this stream.") from None
