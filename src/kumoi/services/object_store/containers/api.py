"""Routes that show containers."""

from kumoi.kernel import policy
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import access, asked, crossing, listings, specials, stores
from kumoi.services.object_store.containers import logic
from kumoi.services.object_store.versions import logic as versions

routes = Routes()
PATH = "/v1/{account}/{container}"
READERS = policy.by_service("container-readers", access.reads_own)


@routes.get(
    PATH, policy=READERS, mode="live", query=asked.Listing, reply=bytes, errors=(204, 206, 301, 304, 406, 409, 416, 412)
)
@crossing.shared
def show(request: Request, account: str, container: str, query: asked.Listing) -> Reply:
    if (found := specials.as_web(request, (account, container, ""))) is not None:
        return found
    page, kind = listings.page(query), asked.form(request, query.format)
    if query.versions is not None:
        return _versions(request, account, container, query)

    def work(tx: stores.Reading) -> tuple[dict[str, str], bytes]:
        found = logic.open_to(tx, request.who, account, container, request.headers, access.READ, listing=True)
        headers = logic.headers_of(tx, found, request.who)
        if page.delimiter:
            return headers, listings.of_objects(kind, container, tx.objects(found, page))
        if kind == asked.TEXT:
            return headers, tx.names(found, page)
        return headers, listings.of_entries(kind, container, tx.entries(found, page))

    headers, body = stores.look(request, work)
    return listings.reply(kind, body, headers)


def _versions(request: Request, account: str, container: str, query: asked.Listing) -> Reply:
    """A list of old versions and delete markers as well; JSON alone."""
    accepted = query.format or request.headers.get("accept") or "*/*"
    if not any(kind in accepted.lower() for kind in ("json", "application/*", "*/*")):
        raise asked.NotAcceptableList(accepted)
    if query.version_marker and not query.marker:
        raise BadRequest("version_marker: it needs marker.")
    number = versions.number(query.version_marker, "version_marker") if query.version_marker else None

    def work(tx: stores.Reading) -> tuple[dict[str, str], bytes]:
        found = logic.open_to(tx, request.who, account, container, request.headers, access.READ, listing=True)
        marker = number
        if query.version_marker and number is None:
            null = tx.version(found, query.marker or "", None)
            marker = null.version if null else versions.LAST
        page = listings.version_page(query, marker)
        return logic.headers_of(tx, found, request.who), versions.listed(tx.versions(found, page))

    headers, body = stores.look(request, work)
    return listings.reply(asked.JSON, body, headers)


@routes.head(PATH, policy=READERS, mode="live", query=asked.Listing, status=204, errors=(406, 412))
@crossing.shared
def head(request: Request, account: str, container: str, query: asked.Listing) -> Reply:
    kind = asked.form(request, query.format)

    def work(tx: stores.Reading) -> dict[str, str]:
        found = logic.open_to(tx, request.who, account, container, request.headers, access.READ, listing=True)
        return logic.headers_of(tx, found, request.who)

    return Reply(raw=b"", headers=stores.look(request, work), content_type=f"{kind}; charset=utf-8")


@routes.options(PATH, policy=policy.public(), errors=(401,))
def preflight(request: Request, account: str, container: str) -> Reply:
    return crossing.preflight(request, account, container)
