"""Addresses from which clients want images."""

from kumoi.engines.images import web
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.settings import Settings


def rules(settings: Settings) -> web.Rules:
    """What the cloud reads."""
    inside = (settings.external_cidr, settings.address if settings.address not in ("0.0.0.0", "::") else "")
    return web.rules(settings.web_download_ports, settings.web_download_hosts, inside)


def checked(settings: Settings, url: str, refused: str) -> str:
    """The address as it may be shown. BadRequest, which begins with `refused`, if its text alone rules it out."""
    try:
        web.check(url, rules(settings))
    except web.WebRefused as error:
        raise BadRequest(f"{refused}: {error}.") from None
    return web.shown(url)
