"""What S3's API calls: the same objects, with the same access, quotas and limits."""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import ParamSpec, TypeVar

from kumoi.engines.objects.interface import Container, Object, Reading, Stored, Versioning, Writing
from kumoi.kernel.errors import Forbidden, NotFound, Unauthorized
from kumoi.kernel.http import Request
from kumoi.kernel.who import Who
from kumoi.services.object_store import access, conditions, crossing, grants, listings, policies, synced
from kumoi.services.object_store.containers import known
from kumoi.services.object_store.containers import logic as containers
from kumoi.services.object_store.crossing import FILES, STREAMS
from kumoi.services.object_store.forms.logic import Form, boundary
from kumoi.services.object_store.grants import Grant
from kumoi.services.object_store.limits import (
    HIDDEN,
    LONGEST_HEADER,
    MOST_BYTES,
    check_header_name,
    check_name,
    decoded,
    encoded,
)
from kumoi.services.object_store.listings import Entry
from kumoi.services.object_store.objects import logic, segments, uploads
from kumoi.services.object_store.objects.downloads import CARRIED, Found
from kumoi.services.object_store.objects.logic import KEPT, META, Described, may_put, standing
from kumoi.services.object_store.objects.uploads import BLOCK, pour
from kumoi.services.object_store.rates import parse as parse_rates
from kumoi.services.object_store.realms import Invalid as InvalidRealms
from kumoi.services.object_store.realms import Realm
from kumoi.services.object_store.realms import parse as parse_realms
from kumoi.services.object_store.stores import begin, change, look, of, slowly, translated
from kumoi.services.object_store.versions import logic as versions
from kumoi.services.object_store.versions.logic import LAST, NULL, Marked, Removal, id_of, number

__all__ = [
    "BLOCK", "CARRIED", "FILES", "HIDDEN", "KEPT", "LAST", "LONGEST_HEADER", "META", "MOST_BYTES", "NULL", "STREAMS",
    "Container", "Described", "Entry", "Form", "Found", "Grant", "InvalidRealms", "Marked", "Object", "Reading",
    "Realm", "Removal", "account_of", "begin", "blocks", "boundary", "change", "check_header_name", "check_name",
    "check_reader", "conditions", "create_container", "crossing", "decoded", "encoded", "entry", "expire", "find",
    "grants", "holder", "id_of", "look", "may_put", "meant", "number", "of", "open_to", "owns", "parse_rates",
    "parse_realms", "policies", "pour", "project_of", "put", "remove", "remove_container", "set_versioning", "settings_of",
    "settle_container", "settle_object", "show", "slowly", "standing", "translated",
]  # fmt: skip


P = ParamSpec("P")
R = TypeVar("R")


def _refusing(function: Callable[P, R]) -> Callable[P, R]:
    """S3 does not ask strangers to log in: it refuses them."""

    @functools.wraps(function)
    def call(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return function(*arguments, **named)
        except Unauthorized as error:
            raise Forbidden("Access Denied") from error

    return call


def account_of(who: Who) -> str:
    return f"{access.PREFIX}{who.project_id}"


def project_of(account: str) -> str:
    return access.project_of(account) or ""


def meant(tx: Reading, who: Who, container: str) -> tuple[str, str]:
    """(account, container) that a name means: the caller's own; or else the one that has the name among those that are open
    to others, or with `project:` before it the one of that project."""
    own = account_of(who)
    if who.project_id and tx.container(own, container) is not None:
        return own, container
    project, colon, name = container.partition(":")
    if colon:
        return f"{access.PREFIX}{project}", name
    return known.holder(tx, container) or own, container


def holder(tx: Reading, container: str) -> str | None:
    """The account whose container outsiders find by this name."""
    return known.holder(tx, container)


def owns(who: Who, account: str) -> bool:
    return access.owns(who, account)


@_refusing
def open_to(
    tx: Reading, who: Who, container: str, *, write: bool = False, listing: bool = False, object: str | None = None
) -> Container:
    """The container, if the caller may do this."""
    list_header = access.WRITE if write else access.READ
    account, name = meant(tx, who, container)
    return containers.open_to(tx, who, account, name, {}, list_header, listing=listing, object=object)


@_refusing
def settings_of(tx: Reading, who: Who, container: str, *, write: bool = False) -> Container:
    """The container, for its settings, which outsiders neither see nor change."""
    account, name = meant(tx, who, container)
    found = tx.container(account, name)
    needed = access.Level.OWN if write else access.Level.READ
    if access.level(tx, who, account) < needed or not access.reaches(who, name):
        raise access.refuse(who)
    if found is None:
        raise NotFound("The container could not be found.")
    return found


def settle_container(tx: Writing, container: Container) -> None:
    """Write its metadata, which the caller was allowed to change."""
    metadata = synced.marked(container.metadata)
    made = tx.put_container(container.account, container.name, metadata, container.policy)
    if made.metadata.keys() & {grants.STORED, crossing.STORED, policies.STORED}:
        known.claim(tx, made)


def settle_object(tx: Writing, container: Container, object: Object) -> None:
    """Write its metadata, which the caller was allowed to change. The object counts as unchanged."""
    tx.put_object(container, object, None)
    show(tx, container, object)


def show(tx: Writing, container: Container, object: Object) -> None:
    """Let outsiders find a container by its name, if an object in it has grants for them."""
    if grants.STORED in object.metadata:
        known.claim(tx, container)


@_refusing
def create_container(tx: Writing, who: Who, container: str, copied_to: str = "") -> bool:
    """In the caller's account. False: it was there. `copied_to`: the setting `container_copies`."""
    return not containers.put(tx, who, account_of(who), container, {}, copied_to=copied_to)


@_refusing
def remove_container(tx: Writing, who: Who, account: str, container: str) -> None:
    containers.remove(tx, who, account, container)


@_refusing
def find(tx: Reading, who: Who, container: str, name: str, version: str = "", *, bytes_too: bool = True) -> Found:
    """An object, as a download sends it: what a link or a manifest stands for. `version`: the id of the one that is wanted
    instead of the current one. NotFound; Marked if that one is a delete marker."""
    account, container = meant(tx, who, container)
    where, there, _, id = logic.followed(tx, who, account, container, name, {}, version)
    needs_data = there.place is None and (bytes_too or segments.STATIC in there.metadata)
    found = Found(where, there, tx.data(where, there.name, there.version) if needs_data else None, version=id)
    if segments.is_manifest(there):
        found.pieces, there.etag = segments.assembled(tx, who, where.account, where, there, {}, found.data)
        there.size = sum(piece.size for piece in found.pieces)
    return found


def blocks(request: Request, found: Found, first: int, behind: int) -> Iterator[bytes]:
    """Bytes [first, behind), a block at a time."""
    whole = [segments.Piece(0, found.object.size, found.where, found.object)]
    for piece in segments.cut(found.pieces if found.pieces is not None else whole, first, behind):
        yield from uploads.read(request, piece)


@_refusing
def put(tx: Writing, who: Who, container: Container, name: str, said: Described, stored: Stored) -> Object:
    """Give the bytes to an object, in place of one with this name."""
    headers: Mapping[str, str] = {}
    made = logic.put(tx, who, container.account, container.name, name, headers, said, stored)
    show(tx, container, made)
    return made


def expire(tx: Writing, container: Container, object: Object) -> None:
    """Remove the current object, of which a container with versions keeps what it keeps of one that was deleted."""
    if versions.delete(tx, container, object.name, object, always_marked=True) is None:
        tx.remove_object(container, object.name)


@_refusing
def remove(tx: Writing, who: Who, container: Container, name: str, version: str = "") -> Removal:
    """By the rules of S3. NotFound if the version does not exist."""
    return logic.remove(tx, who, container.account, container.name, name, {}, version, by_age=True)


def set_versioning(tx: Writing, container: Container, versioning: Versioning) -> None:
    """BadRequest if it keeps versions in another container, or is a copy or has one in another cloud."""
    containers.set_versioning(tx, container, versioning)


def entry(found: Object) -> str:
    """Its entry in lists."""
    return listings.entry(found.name, found.etag, found.size, found.content_type, found.at)


@_refusing
def check_reader(who: Who) -> None:
    """Refuses callers who may not see the names of their project's containers."""
    if not access.may_read(who, account_of(who)):
        raise access.refuse(who)
