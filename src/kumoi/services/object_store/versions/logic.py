"""Versions of objects: their ids and lists, what a deletion leaves, and what a restoration brings back."""

from dataclasses import dataclass

from kumoi.engines.objects.interface import Container, ListedVersion, Object, Reading, Versioning, Writing
from kumoi.kernel import clock
from kumoi.kernel.errors import BadRequest, NotFound, TooLarge
from kumoi.services.object_store import limits, listings

PARAMETER, HEADER = "version-id", "X-Object-Version-Id"
NULL = "null"
LAST = 10**15
"""Larger than the number of any version."""
_IN_A_SECOND = 10**5
DELETED = "application/x-deleted;swift_versions_deleted=1"
"""The content type of delete markers."""
EMPTY = "d41d8cd98f00b204e9800998ecf8427e"


@dataclass(frozen=True)
class Removal:
    """What a deletion did."""

    there: bool
    """There was what it was about."""
    id: str = ""
    """Of the version that went, or of the delete marker that came; empty: neither."""
    marker: bool = False
    """That one is a delete marker."""
    current: str = ""
    """When a version went: the id of the current object, if there is one."""


class Marked(NotFound):
    """The version is a delete marker."""

    def __init__(self, found: Object) -> None:
        super().__init__("The version is a delete marker.", headers={HEADER: id_of(found)})
        self.found = found


def id_of(found: Object | ListedVersion) -> str:
    """As in Swift, when it was made, in seconds."""
    if not found.named:
        return NULL
    return f"{found.version // _IN_A_SECOND:010d}.{found.version % _IN_A_SECOND:05d}"


def number(id: str, parameter: str = PARAMETER) -> int | None:
    """None: the null version."""
    if id == NULL:
        return None
    seconds, _, rest = id.partition(".")
    if not (limits.is_number(seconds) and len(seconds) == 10 and limits.is_number(rest) and len(rest) == 5):
        raise BadRequest(f"{parameter}: {id[:40]!r} is no id of a version.")
    return int(seconds) * _IN_A_SECOND + int(rest)


def find(tx: Reading, place: Container, name: str, id: str) -> Object:
    """A version of an object, or a delete marker."""
    wanted = number(id)
    if wanted is not None and not place.versioning:
        raise BadRequest(f"{PARAMETER}: the container keeps no versions.")
    found = tx.version(place, name, wanted)
    if found is None or id_of(found) != id:
        raise NotFound("The specified version does not exist.")
    return found


def is_for_owners(tx: Reading, place: Container, name: str, id: str) -> bool:
    """Whether it is another version than the current object, which alone access lists open. Each version with an id counts
    as one, as in Swift. Lists show ids to whoever may see names, as in Swift and in S3."""
    null = tx.version(place, name, None) if id == NULL else None
    return id != NULL or (null is not None and null.old)


def readable(tx: Reading, place: Container, name: str, id: str) -> Object:
    found = find(tx, place, name, id)
    if found.marker:
        raise Marked(found)
    # A version with an id stays when it expires as the current object.
    if not found.named and found.delete_at is not None and found.delete_at <= tx.now // clock.SECOND:
        raise NotFound("The specified version does not exist.")
    return found


def growth(tx: Reading, place: Container, name: str, before: Object | None, size: int) -> tuple[int, int, int]:
    """(objects, old versions, bytes) that the container has more when an object of this size takes the place of another."""
    if place.versioning == Versioning.ENABLED:
        return (0, 1, size) if before else (1, 0, size)
    if place.versioning == Versioning.OFF:
        return 0 if before else 1, 0, size - (before.size if before else 0)
    null = tx.version(place, name, None)
    kept = before is not None and before.named
    objects = 0 if before else 1
    return objects, int(kept) - int(null is not None and null.old), size - (null.size if null else 0)


def delete(
    tx: Writing, place: Container, name: str, found: Object | None, *, always_marked: bool = False
) -> Removal | None:
    """Of the current object; None: the container keeps no versions. `always_marked`: also while versioning is suspended."""
    if place.versioning == Versioning.OFF:
        return None
    if place.versioning == Versioning.SUSPENDED and not always_marked:
        current = tx.object(place, name)
        if current is not None and current.named:
            tx.keep_version(place, name)
        else:
            tx.remove_object(place, name)
        return Removal(found is not None)
    entry = listings.entry(name, EMPTY, 0, DELETED, tx.now)
    marker = Object(name=name, size=0, etag=EMPTY, content_type=DELETED, at=tx.now, entry=entry)
    tx.put_marker(place, marker)
    return Removal(found is not None, id_of(marker), True)


def check_room(tx: Reading, place: Container) -> None:
    """For a delete marker, which counts as an object of the account."""
    account = tx.account(place.account)
    most = account and account.metadata.get(limits.ACCOUNT_QUOTA_COUNT)
    if account and most and account.objects >= int(most):
        raise TooLarge(
            f"The quota of the account has no room for a delete marker: {most} objects. Delete old versions."
        )


def remove(tx: Writing, place: Container, name: str, id: str, *, by_age: bool = False) -> Removal:
    """A version. `by_age`: the newest one is the current object, so what was before it comes back, or what was before the
    delete marker."""
    found = find(tx, place, name, id)
    current = tx.object(place, name)
    newest = tx.newest_version(place, name)
    was_latest = not found.old or (found.marker and current is None and newest is not None and same(newest, found))
    tx.remove_version(place, found)
    if by_age and was_latest:
        before = tx.newest_version(place, name)
        if before is not None and not before.marker:
            tx.restore_version(place, before)
    left = tx.object(place, name)
    return Removal(True, id, found.marker, id_of(left) if left else "")


def restore(tx: Writing, place: Container, name: str, id: str) -> Object:
    """Make a version the current object."""
    found = readable(tx, place, name, id)
    if found.old:
        tx.restore_version(place, found)
    elif found.delete_at is not None:
        found.delete_at = None
        tx.put_object(place, found, None)
    return found


def same(one: Object, other: Object) -> bool:
    return (one.version, one.old) == (other.version, other.old)


def listed(found: list[ListedVersion]) -> bytes:
    """As JSON: the entries of objects, with more in each."""
    texts = []
    for each in found:
        if each.entry is None:
            texts.append(listings.folder(each.name))
            continue
        latest = "true" if each.latest else "false"
        texts.append(f'{each.entry[:-1]},"version_id":"{id_of(each)}","is_latest":{latest}}}')
    return f"[{','.join(texts)}]".encode()
