"""Routes that change containers, in the process that writes to the object store."""

from collections.abc import AsyncIterator

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import access, asked, crossing, pace, specials, stores, synced
from kumoi.services.object_store.containers import logic

routes = Routes()
PATH = "/v1/{account}/{container}"
OWNER = policy.by_service("account-owner", access.owns_own)


@routes.put(
    PATH,
    policy=OWNER,
    mode="stream",
    status=201,
    reply=bytes,
    raw_body=True,
    errors=(200, 202, 409, 412, 498, 501, 507),
)
@crossing.streamed
async def put(request: Request, body: AsyncIterator[bytes], account: str, container: str) -> Reply:
    if special := specials.of(request, "PUT"):
        return await special(request, body, (account, container, ""))
    if synced.AUTH in request.headers:
        synced.heed(request, account, container)
    synced.check(request, account, container)
    await pace.of_account(request, account, lambda tx: logic.may_change(tx, request.who, account, container))
    copied_to = request.settings.container_copies
    policies = stores.of(request).policies()
    there = await stores.change(
        request, lambda tx: logic.put(tx, request.who, account, container, request.headers, policies, copied_to)
    )
    return asked.done(202 if there else 201)


@routes.post(
    PATH, policy=OWNER, mode="stream", status=204, reply=bytes, raw_body=True, errors=(200, 201, 303, 412, 501, 507)
)
@crossing.streamed
async def change(request: Request, body: AsyncIterator[bytes], account: str, container: str) -> Reply:
    if special := specials.of(request, "POST"):
        return await special(request, body, (account, container, ""))
    synced.check(request, account, container)
    await stores.change(request, lambda tx: logic.change(tx, request.who, account, container, request.headers))
    return asked.done(204)


@routes.delete(PATH, policy=OWNER, mode="stream", reply=bytes, errors=(200, 409, 412, 498, 507))
@crossing.streamed
async def remove(request: Request, body: AsyncIterator[bytes], account: str, container: str) -> Reply:
    if special := specials.of(request, "DELETE"):
        return await special(request, body, (account, container, ""))
    await pace.of_account(request, account, lambda tx: logic.may_change(tx, request.who, account, container))
    await stores.change(request, lambda tx: logic.remove(tx, request.who, account, container), frees=True)
    return asked.done(204)
