"""What S3's API calls: the same objects, with the same access, quotas and limits."""

from collections.abc import Iterator, Mapping

from kumoi.engines.objects.interface import Container, Object, Reading, Stored, Versioning, Writing
from kumoi.kernel.http import Request
from kumoi.kernel.who import Who
from kumoi.services.object_store import access, conditions, listings
from kumoi.services.object_store.containers import logic as containers
from kumoi.services.object_store.limits import LONGEST_HEADER, MOST_BYTES, check_name, decoded, encoded
from kumoi.services.object_store.listings import Entry
from kumoi.services.object_store.objects import logic, segments, uploads
from kumoi.services.object_store.objects.downloads import CARRIED, STREAMS, Found
from kumoi.services.object_store.objects.logic import HIDDEN, KEPT, META, Described, may_put, standing
from kumoi.services.object_store.objects.uploads import BLOCK, pour
from kumoi.services.object_store.rates import parse as parse_rates
from kumoi.services.object_store.realms import Invalid as InvalidRealms
from kumoi.services.object_store.realms import Realm
from kumoi.services.object_store.realms import parse as parse_realms
from kumoi.services.object_store.stores import begin, change, look, of, slowly, translated
from kumoi.services.object_store.versions.logic import LAST, NULL, Marked, Removal, id_of, number

__all__ = [
    "BLOCK", "CARRIED", "HIDDEN", "KEPT", "LAST", "LONGEST_HEADER", "META", "MOST_BYTES", "NULL", "STREAMS", "Described",
    "Entry", "Found", "InvalidRealms", "Marked", "Realm", "Removal", "account_of", "begin", "blocks", "change", "check_name",
    "check_reader", "conditions", "create_container", "decoded", "encoded", "entry", "find", "id_of", "look", "may_put",
    "number", "of", "open_to", "parse_rates", "parse_realms", "pour", "put", "remove", "remove_container",
    "set_versioning", "slowly", "standing", "translated",
]  # fmt: skip


def account_of(who: Who) -> str:
    return f"{access.PREFIX}{who.project_id}"


def open_to(tx: Reading, who: Who, container: str, *, write: bool = False, listing: bool = False) -> Container:
    """A container of the caller's project, if the caller may do this."""
    list_header = access.WRITE if write else access.READ
    return containers.open_to(tx, who, account_of(who), container, {}, list_header, listing=listing)


def create_container(tx: Writing, who: Who, container: str, copied_to: str = "") -> bool:
    """False: it was there. `copied_to`: the setting `container_copies`."""
    return not containers.put(tx, who, account_of(who), container, {}, copied_to=copied_to)


def remove_container(tx: Writing, who: Who, container: str) -> None:
    containers.remove(tx, who, account_of(who), container)


def find(tx: Reading, who: Who, container: str, name: str, version: str = "", *, bytes_too: bool = True) -> Found:
    """An object of the caller's project, as a download sends it: what a link or a manifest stands for. `version`: the id of
    the one that is wanted instead of the current one. NotFound; Marked if that one is a delete marker."""
    where, there, _, id = logic.followed(tx, who, account_of(who), container, name, {}, version)
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


def put(tx: Writing, who: Who, container: str, name: str, said: Described, stored: Stored) -> Object:
    """Give the bytes to an object, in place of one with this name."""
    headers: Mapping[str, str] = {}
    return logic.put(tx, who, account_of(who), container, name, headers, said, stored)


def remove(tx: Writing, who: Who, container: str, name: str, version: str = "") -> Removal:
    """By the rules of S3. NotFound if the version does not exist."""
    return logic.remove(tx, who, account_of(who), container, name, {}, version, by_age=True)


def set_versioning(tx: Writing, who: Who, container: str, versioning: Versioning) -> None:
    """BadRequest if it keeps versions in another container, or is a copy or has one in another cloud."""
    where = containers.open_to(tx, who, account_of(who), container, {}, access.WRITE)
    containers.may_change(tx, who, where.account, container)
    containers.set_versioning(tx, where, versioning)


def entry(found: Object) -> str:
    """Its entry in lists."""
    return listings.entry(found.name, found.etag, found.size, found.content_type, found.at)


def check_reader(who: Who) -> None:
    """Refuses callers who may not see the names of their project's containers."""
    if not access.may_read(who, account_of(who)):
        raise access.refuse(who)
