"""Shapes of requests for objects."""

import msgspec


class Got(msgspec.Struct, kw_only=True):
    """The query of GET and HEAD."""

    multipart_manifest: str | None = msgspec.field(name="multipart-manifest", default=None)
