"""The query of the stream of changes."""

from typing import Annotated

import msgspec


class FollowQuery(msgspec.Struct, kw_only=True):
    after: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """The `id` of the last message that the client has read."""
