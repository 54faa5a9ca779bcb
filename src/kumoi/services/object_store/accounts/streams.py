"""Routes that change accounts, in the process that writes to the object store."""

from collections.abc import AsyncIterator

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import access, asked, specials, stores
from kumoi.services.object_store.accounts import logic

routes = Routes()
OWNER = policy.by_service("account-owner", access.owns_own)
RESELLER = policy.by_service("reseller", access.is_reseller)


@routes.post(
    "/v1/{account}", policy=OWNER, mode="stream", status=204, reply=bytes, raw_body=True, errors=(200, 412, 507)
)
async def change(request: Request, body: AsyncIterator[bytes], account: str) -> Reply:
    if special := specials.of(request, "POST"):
        return await special(request, body, (account, "", ""))
    policies = stores.of(request).policies()
    await stores.change(request, lambda tx: logic.change(tx, request.who, account, request.headers, policies))
    return asked.done(204)


@routes.put(
    "/v1/{account}", policy=RESELLER, mode="stream", status=201, reply=bytes, raw_body=True, errors=(200, 202, 412, 507)
)
async def put(request: Request, body: AsyncIterator[bytes], account: str) -> Reply:
    if special := specials.of(request, "PUT"):
        return await special(request, body, (account, "", ""))

    policies = stores.of(request).policies()

    def work(tx: stores.Writing) -> bool:
        if not access.is_reseller(request.who):
            raise access.refuse(request.who)
        there = tx.account(account) is not None
        logic.change(tx, request.who, account, request.headers, policies)
        return there

    return asked.done(202 if await stores.change(request, work) else 201)


@routes.delete("/v1/{account}", policy=RESELLER, mode="stream", reply=bytes, errors=(200, 409, 412, 507))
async def remove(request: Request, body: AsyncIterator[bytes], account: str) -> Reply:
    if special := specials.of(request, "DELETE"):
        return await special(request, body, (account, "", ""))
    await stores.change(request, lambda tx: logic.remove(tx, request.who, account), frees=True)
    return asked.done(204)
