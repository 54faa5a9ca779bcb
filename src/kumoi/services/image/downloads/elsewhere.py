"""Reads an image of another cloud's image service, or of this one's, with the token of who imports it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import msgspec

from kumoi.engines.images import web
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Failed
from kumoi.kernel.settings import Settings
from kumoi.services.identity import facade as identity

COPIED = ("hw_", "trait:", "os_distro", "os_secure_boot", "os_type")
"""Beginnings of the names of properties that come with an image."""
MOST = 1 << 20
"""Bytes of what the other service says of an image."""


class Described(msgspec.Struct):
    """What is needed of an image."""

    status: str
    disk_format: str
    container_format: str
    size: int
    properties: dict[str, str] = {}


def address(context: Context) -> str:
    """The URL of the image, from the catalogue."""
    asked, settings = context.arguments["remote"], context.engine(Settings)

    def read(tx: Transaction) -> str | None:
        return identity.endpoint(tx, "image", asked["region"], asked["interface"], settings.base_url)

    found = context.read(read)
    if found is None:
        raise Failed("the catalogue has no such image service")
    return f"{found.rstrip('/').removesuffix('/v2')}/v2/images/{asked['image_id']}"


def rules(base: web.Rules, url: str) -> web.Rules:
    """The admin who put the service into the catalogue trusts it, so it may be inside. It redirects nowhere."""
    parts = urlsplit(url)
    port = parts.port if parts.port is not None else web.SCHEMES.get(parts.scheme, 0)
    return replace(
        base, hosts=base.hosts | {(parts.hostname or "").lower()}, ports=base.ports | {port}, most_redirects=0
    )  # fmt: skip


def described(url: str, allowed: web.Rules, token: str, wanted: Callable[[], None]) -> Described:
    raw = bytearray()
    with web.reading(url, allowed, [("X-Auth-Token", token)], wanted) as coming:
        for block in coming.blocks:
            raw += block
            if len(raw) > MOST:
                raise web.WebRefused("what the other service says of the image is too long")
    try:
        values: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
        found = msgspec.convert(values, Described)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise web.WebRefused("the other service does not describe an image") from None
    if found.status != "active":
        raise web.WebRefused(f"the other image is {found.status}")
    found.properties = {
        name: value for name, value in values.items() if name.startswith(COPIED) and isinstance(value, str)
    }  # fmt: skip
    return found
