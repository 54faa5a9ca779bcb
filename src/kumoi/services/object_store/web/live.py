"""Whether a request asks for a web site."""

from kumoi.kernel.http import Request
from kumoi.services.object_store import asked, limits, stores
from kumoi.services.object_store.specials import Place
from kumoi.services.object_store.web.logic import Site


def of(request: Request, place: Place) -> Site | None:
    """None: it is not asked as a web site, or the container is none."""
    if (request.who.user_id and not limits.flag(request.headers.get("x-web-mode"))) or asked.said(
        request, "temp_url_sig"
    ):
        return None
    found = stores.look(request, lambda tx: tx.container(place[0], place[1]))
    site = Site(found.metadata) if found else None
    return site if site and site.is_one else None
