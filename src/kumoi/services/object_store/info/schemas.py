"""Shapes of /info."""

import msgspec


class Asked(msgspec.Struct, kw_only=True):
    swiftinfo_sig: str | None = None
    swiftinfo_expires: str | None = None
