"""Indexes of web sites that the front cannot send from a file: it asks the streams for the folder again."""

import asyncio
from collections.abc import AsyncIterator

from kumoi.kernel import policy
from kumoi.kernel.errors import NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import access, asked, specials, stores
from kumoi.services.object_store.containers import logic as containers
from kumoi.services.object_store.objects import streams as objects
from kumoi.services.object_store.specials import Place
from kumoi.services.object_store.web import live

routes = Routes()
READERS = policy.by_service("container-readers", access.reads_own)


@routes.get(
    "/v1/{account}/{container}", policy=READERS, mode="stream", reply=bytes, query=asked.Listing,
    errors=(206, 304, 409, 412, 416),
)  # fmt: skip
async def index(request: Request, body: AsyncIterator[bytes], account: str, container: str) -> Reply:
    name = await asyncio.to_thread(specials.index_of, request, (account, container, ""))
    if not name:
        await asyncio.to_thread(_open, request, account, container)
        raise NotFound("The container has no index.")
    reply: Reply = await objects.get(request, body, account=account, container=container, object=name)
    return reply


def _open(request: Request, account: str, container: str) -> None:
    stores.look(
        request, lambda tx: containers.open_to(tx, request.who, account, container, request.headers, access.READ)
    )


def name_of(request: Request, place: Place) -> str:
    site = live.of(request, place)
    return place[2] + site.index if site and site.index else ""


specials.index.append(name_of)
