"""The projects that access lists name."""

import asyncio
from collections.abc import Iterable

from kumoi.kernel.http import Request
from kumoi.services.identity import facade as identity
from kumoi.services.object_store.facade import Grant, grants
from kumoi.services.s3.acls import logic
from kumoi.services.s3.errors import S3Error, invalid


def names(request: Request, found: Iterable[Grant], *others: str) -> dict[str, str]:
    """Project id → name, of the grantees that exist, and of these others."""
    ids = {each.grantee for each in found if each.grantee not in grants.NO_PROJECTS} | {*filter(None, others)}
    if not ids:
        return {}
    there = request.database.read(lambda tx: identity.projects_by_ids(tx, ids))
    return {id: each.name for id, each in there.items()}


def check_grantees(request: Request, found: Iterable[Grant]) -> None:
    """S3Error for a project that does not exist."""
    there = names(request, found := list(found))
    for each in found:
        if each.grantee not in (*grants.NO_PROJECTS, *there):
            raise invalid("ID", f"there is no project {each.grantee}.")


async def of_headers(request: Request) -> list[Grant] | None:
    """What the headers say, all of whose grantees exist; None: nothing."""
    found = logic.of_headers(request.headers)
    if found:
        await asyncio.to_thread(check_grantees, request, found)
    return found


async def said(request: Request, raw: bytes) -> list[Grant]:
    """What a request that sets an access list says, in its headers or its body."""
    found = await of_headers(request)
    if found is not None:
        if raw.strip():
            raise S3Error(400, "UnexpectedContent", "This request does not support content besides its headers.")
        return found
    if not raw.strip():
        raise S3Error(400, "MissingSecurityHeader", "Your request was missing a required header or body.")
    found = logic.of_document(raw)
    await asyncio.to_thread(check_grantees, request, found)
    return found
