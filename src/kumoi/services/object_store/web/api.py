"""Containers that are web sites have no paths of their own: a GET without a token asks for them (`specials.py`)."""

from urllib.parse import quote

from kumoi.kernel.errors import ApiError, NotFound, Unauthorized
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import access, asked, limits, specials, stores
from kumoi.services.object_store.containers import logic as containers
from kumoi.services.object_store.objects import downloads
from kumoi.services.object_store.specials import Place
from kumoi.services.object_store.web import live, logic

routes = Routes()


def answer(request: Request, place: Place) -> Reply | None:
    """None: it is not asked as a web site, or the container is none."""
    if (site := live.of(request, place)) is None:
        return None
    account, container, name = place
    try:
        if name and not name.endswith("/"):
            return _object_or_folder(request, place, site)
        if not name and not request.sent_path.endswith(b"/"):
            # Otherwise relative addresses in the page would lead elsewhere.
            headers = request.headers
            stores.look(
                request, lambda tx: containers.open_to(tx, request.who, account, container, headers, access.READ)
            )
            return asked.done(301, {"Location": f"{request.base_url}{quote(request.url_path)}/"})
        if site.index:
            try:
                return downloads.get(request, account, container, name + site.index)
            except NotFound:
                if not site.listings:
                    raise
        return _listing(request, place, site)
    except ApiError as error:
        if error.status not in (401, 404) or not site.error:
            raise
        return _error(request, place, site, error)


def _object_or_folder(request: Request, place: Place, site: logic.Site) -> Reply:
    account, container, name = place
    try:
        return downloads.get(request, account, container, name)
    except NotFound:
        page = logic.folder(name)
        there = stores.look(
            request,
            lambda tx: tx.objects(
                containers.open_to(tx, request.who, account, container, request.headers, access.READ), page
            ),
        )
        if not there or not (site.index or site.listings):
            raise
        return asked.done(301, {"Location": f"{request.base_url}{quote(request.url_path)}/"})


def _listing(request: Request, place: Place, site: logic.Site) -> Reply:
    account, container, prefix = place
    if not site.listings:
        raise NotFound("The container has no index.")

    def work(tx: stores.Reading) -> bytes:
        found = containers.open_to(tx, request.who, account, container, request.headers, access.READ, listing=True)
        rows = tx.objects(found, logic.page(prefix))
        if prefix and not rows:
            raise NotFound("The folder could not be found.")
        return logic.listing(f"{request.service.prefix}/v1/{account}/{container}/", prefix, rows, site)

    return Reply(raw=stores.look(request, work), content_type="text/html; charset=UTF-8")


def _error(request: Request, place: Place, site: logic.Site, error: ApiError) -> Reply:
    """The site's own page, with the status that it is about."""
    account, container, _ = place
    try:
        found = downloads.look(request, account, container, f"{error.status}{site.error}")
    except ApiError:
        raise error from None
    if found.data is None or found.pieces is not None:
        raise error
    headers = {"WWW-Authenticate": "Keystone"} if isinstance(error, Unauthorized) else {}
    return Reply(
        raw=found.data, status=error.status, content_type=limits.encoded(found.object.content_type), headers=headers
    )


specials.web.append(answer)
