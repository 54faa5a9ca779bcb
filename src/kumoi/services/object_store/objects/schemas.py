"""Shapes of requests for objects."""

import msgspec


class Versioned(msgspec.Struct, kw_only=True):
    """The query of requests that can be about a version."""

    version_id: str | None = msgspec.field(name="version-id", default=None)
    multipart_manifest: str | None = msgspec.field(name="multipart-manifest", default=None)


class Got(msgspec.Struct, kw_only=True):
    """The query of GET and HEAD."""

    multipart_manifest: str | None = msgspec.field(name="multipart-manifest", default=None)
    version_id: str | None = msgspec.field(name="version-id", default=None)
    part_number: str | None = msgspec.field(name="part-number", default=None)
    symlink: str | None = None
    format: str | None = None
    temp_url_sig: str | None = None
    temp_url_expires: str | None = None
    temp_url_prefix: str | None = None
    temp_url_ip_range: str | None = None
    filename: str | None = None
    inline: str | None = None
