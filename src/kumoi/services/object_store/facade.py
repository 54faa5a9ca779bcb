"""What S3's API calls: the same objects, with the same access, quotas and limits."""

from collections.abc import Mapping

from kumoi.engines.objects.interface import Container, Object, Reading, Stored, Writing
from kumoi.kernel.errors import NotFound
from kumoi.kernel.who import Who
from kumoi.services.object_store import access, listings
from kumoi.services.object_store.containers import logic as containers
from kumoi.services.object_store.limits import MOST_BYTES, check_name, decoded, encoded
from kumoi.services.object_store.listings import Entry
from kumoi.services.object_store.objects import conditions, logic
from kumoi.services.object_store.objects.downloads import CARRIED, STREAMS
from kumoi.services.object_store.objects.logic import HIDDEN, KEPT, META, Described, may_put, standing
from kumoi.services.object_store.objects.uploads import BLOCK, pour
from kumoi.services.object_store.stores import change, look, of, translated

__all__ = [
    "BLOCK", "CARRIED", "HIDDEN", "KEPT", "META", "MOST_BYTES", "STREAMS", "Described", "Entry", "account_of", "change",
    "check_name", "check_reader", "conditions", "create_container", "decoded", "encoded", "entry", "look", "may_put",
    "of", "open_to", "pour", "put", "remove", "remove_container", "standing", "translated",
]  # fmt: skip


def account_of(who: Who) -> str:
    return f"{access.PREFIX}{who.project_id}"


def open_to(tx: Reading, who: Who, container: str, *, write: bool = False, listing: bool = False) -> Container:
    """A container of the caller's project, if the caller may do this."""
    list_header = access.WRITE if write else access.READ
    return containers.open_to(tx, who, account_of(who), container, {}, list_header, listing=listing)


def create_container(tx: Writing, who: Who, container: str) -> bool:
    """False: it was there."""
    return not containers.put(tx, who, account_of(who), container, {})


def remove_container(tx: Writing, who: Who, container: str) -> None:
    containers.remove(tx, who, account_of(who), container)


def put(tx: Writing, who: Who, container: str, name: str, said: Described, stored: Stored) -> Object:
    """Give the bytes to an object, in place of one with this name."""
    headers: Mapping[str, str] = {}
    return logic.put(tx, who, account_of(who), container, name, headers, said, stored)


def remove(tx: Writing, who: Who, container: str, name: str) -> bool:
    """False: there was none."""
    try:
        logic.remove(tx, who, account_of(who), container, name, {})
    except NotFound:
        return False
    return True


def entry(found: Object) -> str:
    """Its entry in lists."""
    return listings.entry(found.name, found.etag, found.size, found.content_type, found.at)


def check_reader(who: Who) -> None:
    """Refuses callers who may not see the names of their project's containers."""
    if not access.may_read(who, account_of(who)):
        raise access.refuse(who)
