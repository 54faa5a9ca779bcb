"""Routes that show accounts."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import access, asked, crossing, listings, stores
from kumoi.services.object_store.accounts import logic

routes = Routes()
OWNER = policy.by_service("account-owner", access.reads_own)


@routes.get("/v1/{account}", policy=OWNER, mode="live", query=asked.Listing, reply=bytes, errors=(204, 406, 412))
def show(request: Request, account: str, query: asked.Listing) -> Reply:
    page, kind = listings.page(query), asked.form(request, query.format)

    def work(tx: stores.Reading) -> Reply:
        _, headers = logic.shown(tx, request.who, account)
        return listings.reply(kind, listings.of_containers(kind, account, logic.listed(tx, account, page)), headers)

    return stores.look(request, work)


@routes.head("/v1/{account}", policy=OWNER, mode="live", query=asked.Listing, status=204, errors=(406, 412))
def head(request: Request, account: str, query: asked.Listing) -> Reply:
    kind = asked.form(request, query.format)
    _, headers = stores.look(request, lambda tx: logic.shown(tx, request.who, account))
    return Reply(raw=b"", headers=headers, content_type=f"{kind}; charset=utf-8")


@routes.options("/v1/{account}", policy=policy.public(), errors=(401,))
def preflight(request: Request, account: str) -> Reply:
    return crossing.preflight(request, account)
