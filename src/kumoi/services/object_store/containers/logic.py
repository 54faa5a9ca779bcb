"""The rules of containers."""

from collections.abc import Mapping
from urllib.parse import quote, unquote

from kumoi.engines.objects.interface import DEFAULT, FOLLOWED, Container, Follow, Page, Reading, Versioning, Writing
from kumoi.kernel import clock
from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from kumoi.kernel.who import Who
from kumoi.services.object_store import access, grants, limits, policies, synced
from kumoi.services.object_store.access import READ, WRITE, Level
from kumoi.services.object_store.accounts.logic import changed_metadata, merged
from kumoi.services.object_store.asked import http_date, timestamp
from kumoi.services.object_store.containers import known

META = "x-container-meta-"
MOST_EXPIRED = 1000
"""Objects that go with their container at most; the sweep removes more."""
QUOTA_BYTES, QUOTA_COUNT = "x-container-meta-quota-bytes", "x-container-meta-quota-count"
_REMOVE = "x-remove-container-meta-"
_OWNERS = (READ, WRITE)
_SECRETS = (f"{META}temp-url-key", f"{META}temp-url-key-2", synced.TO, synced.KEY)
"""Shown to the account's own project alone, as the access lists are, and set by it alone."""
VERSIONING = "x-versions-enabled"
VERSIONS = ("x-versions-location", "x-history-location")
"""Where old versions are kept, as a stack or for ever."""


def open_to(
    tx: Reading,
    who: Who,
    account: str,
    name: str,
    headers: Mapping[str, str],
    list_header: str,
    *,
    listing: bool = False,
    object: str | None = None,
) -> Container:
    """The container, if this caller may do what `list_header` allows to others. `listing`: see its names; `object`: read
    this one, which may have grants of its own."""
    limits.check_name("account", account, limits.LONGEST_ACCOUNT)
    limits.check_container_name(name)
    container = tx.container(account, name)
    trusted = access.level(tx, who, account) >= (Level.READ if list_header == READ else Level.WRITE)
    if not access.reaches(who, name):
        raise access.refuse(who)
    if not trusted:
        text = container.metadata.get(list_header, "") if container else ""
        referer = headers.get("referer", "") if list_header == READ else ""
        closed = container is not None and grants.is_private(container.metadata)
        named = access.takes_names(tx.account(account)) if who.user_id else False
        listed = access.lets_in(text, who, account, referer, listing=listing, private=closed, named=named)
        if not listed and not _granted(tx, who, container, list_header, listing, object):
            raise access.refuse(who)
        if list_header == WRITE and name.endswith(grants.PARTS):
            # Who may no longer write to a bucket may no longer write parts of its uploads.
            bucket = tx.container(account, name.removesuffix(grants.PARTS))
            if bucket is not None:
                open_to(tx, who, account, bucket.name, headers, WRITE)
    if container is None:
        raise NotFound("The container could not be found.")
    return container


def _granted(
    tx: Reading, who: Who, container: Container | None, list_header: str, listing: bool, object: str | None
) -> bool:
    if container is None:
        return False
    about = container.metadata
    if list_header == WRITE:
        return grants.let_in(about, about, who, grants.WRITE) or policies.let_in(about, who, policies.WRITE)
    if object is not None and policies.let_in(about, who, policies.READ, object):
        return True
    found = tx.object(container, object) if object is not None else None
    if found is not None:
        return grants.let_in(about, found.metadata, who, grants.READ)
    # Who may see the names may know that there is no such one.
    return (listing or object is not None) and (
        grants.let_in(about, about, who, grants.READ) or policies.let_in(about, who, policies.LIST)
    )


def headers_of(tx: Reading, container: Container, who: Who) -> dict[str, str]:
    owner = access.level(tx, who, container.account) == Level.OWN
    found = {
        "X-Container-Object-Count": str(container.objects),
        "X-Container-Bytes-Used": str(container.bytes),
        "X-Timestamp": timestamp(container.created_at),
        "Last-Modified": http_date(container.changed_at),
        "X-Storage-Policy": container.policy or DEFAULT,
        "Accept-Ranges": "bytes",
    }
    if container.versioning:
        found[VERSIONING] = str(container.versioning == Versioning.ENABLED)
    for key, value in container.metadata.items():
        if (owner or key not in (*_OWNERS, *_SECRETS)) and not key.startswith(limits.HIDDEN):
            found[key] = quote(value) if key in VERSIONS else limits.encoded(value)
    return {**found, **synced.shown(tx, container)} if owner else found


def may_change(tx: Reading, who: Who, account: str, name: str) -> Level:
    """What this caller may do in the account, which includes changes of its containers."""
    level = writable(tx, who, account)
    if not access.reaches(who, name):
        raise access.refuse(who)
    limits.check_container_name(name)
    return level


def writable(tx: Reading, who: Who, account: str) -> Level:
    limits.check_name("account", account, limits.LONGEST_ACCOUNT)
    level = access.level(tx, who, account)
    if level < Level.WRITE:
        raise access.refuse(who)
    return level


def put(
    tx: Writing,
    who: Who,
    account: str,
    name: str,
    headers: Mapping[str, str],
    storage: tuple[str, ...] = (DEFAULT,),
    copied_to: str = "",
) -> bool:
    """Make it, or change its metadata; whether it was there. `storage`: all storage policies; the default one is first.
    `copied_to`: the cloud to which new containers are copied."""
    level = may_change(tx, who, account, name)
    if VERSIONING in headers and level < Level.OWN:
        raise access.refuse(who)
    changes = _changes(headers, level)
    wanted = headers.get("x-storage-policy", "").strip()
    policy = next((each for each in storage if each.lower() == wanted.lower()), "") if wanted else storage[0]
    if not policy:
        raise BadRequest(f"X-Storage-Policy: there is no policy {wanted[:80]!r}; there are {', '.join(storage)}.")
    container = tx.container(account, name)
    if container is not None and wanted and (before := container.policy or DEFAULT) != policy:
        raise Conflict(f"X-Storage-Policy: the container has the policy {before}, which stays.")
    if container is None and copied_to and synced.AUTH not in headers:
        changes.setdefault(synced.TO, copied_to)
    if container is None and synced.AUTH in headers:
        changes[FOLLOWED] = Follow.REMOVALS
    _write(tx, account, name, container, changes, headers, policy)
    if container is None and who.project_domain_id and who.project_id == access.project_of(account):
        owner = tx.account(account)
        if owner is not None and access.DOMAIN not in owner.metadata:
            tx.put_account(account, {**owner.metadata, access.DOMAIN: who.project_domain_id})
    return container is not None


def change(tx: Writing, who: Who, account: str, name: str, headers: Mapping[str, str]) -> None:
    level = may_change(tx, who, account, name)
    if VERSIONING in headers and level < Level.OWN:
        raise access.refuse(who)
    changes = _changes(headers, level)
    container = tx.container(account, name)
    if container is None:
        raise NotFound("The container could not be found.")
    _write(tx, account, name, container, changes, headers)


def _changes(headers: Mapping[str, str], level: Level) -> dict[str, str]:
    """Header → new text; empty: remove it. As in Swift, what only owners may set is passed over for others."""
    changes = changed_metadata(headers, META, _REMOVE)
    for header in _OWNERS:
        if header in headers:
            changes[header] = access.clean(header.title(), limits.decoded(header, headers[header]))
        elif header.replace("x-", "x-remove-", 1) in headers:
            changes[header] = ""
    for header in VERSIONS:
        if header in headers:
            changes[header] = unquote(limits.decoded(header, headers[header])).strip("/")
            if "/" in changes[header]:
                raise BadRequest(f"{header.title()}: it is the name of a container.")
        elif header.replace("x-", "x-remove-", 1) in headers:
            changes[header] = ""
    if all(changes.get(header) for header in VERSIONS):
        raise BadRequest("Only one of X-Versions-Location and X-History-Location may be given.")
    for one, other in (VERSIONS, VERSIONS[::-1]):
        if changes.get(one):
            changes[other] = ""
    for header in (QUOTA_BYTES, QUOTA_COUNT):
        if changes.get(header) and not limits.is_number(changes[header]):
            raise BadRequest(f"{header.title()}: {changes[header][:40]!r} is no number.")
    changes |= synced.changes(headers)
    if level < Level.OWN:
        return {header: text for header, text in changes.items() if header not in (*_OWNERS, *_SECRETS)}
    return changes


def _write(
    tx: Writing,
    account: str,
    name: str,
    container: Container | None,
    changes: Mapping[str, str],
    headers: Mapping[str, str],
    policy: str = DEFAULT,
) -> None:
    """`policy`: of a new container."""
    metadata = merged(container.metadata if container else {}, changes)
    if grants.BLOCK_LISTS in grants.blocks(metadata) and grants.is_public(grants.of_lists(changes)):
        raise Forbidden("The container blocks public access (PublicAccessBlock of S3).")
    limits.check_metadata(metadata, META)
    wanted = _versioning(headers)
    written = tx.put_container(account, name, synced.marked(metadata), policy)
    if metadata.get(READ) or metadata.get(WRITE):
        known.claim(tx, written)
    if wanted is not None:
        set_versioning(tx, written, wanted)
    elif written.versioning and any(metadata.get(header) for header in VERSIONS):
        raise BadRequest("X-Versions-Location and X-History-Location: the container keeps its versions itself.")
    elif written.versioning and FOLLOWED in written.metadata:
        raise BadRequest("X-Container-Sync-To and X-Container-Sync-Key: the container keeps versions of its objects.")
    synced.follow(tx, written)


def _versioning(headers: Mapping[str, str]) -> Versioning | None:
    text = headers.get(VERSIONING)
    if text is None:
        return None
    if limits.flag(text):
        return Versioning.ENABLED
    if text.strip().lower() in ("false", "0", "no", "off", "f", "n"):
        return Versioning.SUSPENDED
    raise BadRequest(f"X-Versions-Enabled: {text[:40]!r} is neither true nor false.")


def set_versioning(tx: Writing, container: Container, versioning: Versioning) -> None:
    if any(container.metadata.get(header) for header in VERSIONS):
        raise BadRequest("X-Versions-Enabled: the container keeps its versions in another one (X-Versions-Location).")
    if FOLLOWED in container.metadata:
        raise BadRequest("X-Versions-Enabled: the container is copied to or from another cloud.")
    tx.set_versioning(container, versioning)


def remove(tx: Writing, who: Who, account: str, name: str) -> None:
    may_change(tx, who, account, name)
    container = tx.container(account, name)
    if container is None:
        raise NotFound("The container could not be found.")
    if container.versions:
        raise Conflict("Delete all versions before deleting container.")
    if container.objects and not _all_expired(tx, container):
        raise Conflict(
            "There was a conflict when trying to complete your request. The container has objects: delete them first."
        )
    tx.remove_container(container)
    known.release(tx, container)
    _remove_parts(tx, account, name + grants.PARTS)


def _remove_parts(tx: Writing, account: str, name: str) -> None:
    """S3's unfinished uploads to a container that goes, and the container that holds them. If that one holds something else
    as well, it stays, and nobody else has rights in it any more."""
    parts = tx.container(account, name)
    if parts is None:
        return
    for prefix in (grants.UPLOADS, grants.UPLOADED):
        while listed := tx.objects(parts, Page(limit=1000, prefix=prefix)):
            for each in listed:
                tx.remove_object(parts, each.name)
    left = tx.container(account, name)
    if left is not None and not left.objects and not left.versions:
        tx.remove_container(left)
        known.release(tx, left)
    elif left is not None:
        tx.put_container(account, name, synced.marked(grants.without_writers(left.metadata)), left.policy)


def _all_expired(tx: Writing, container: Container) -> bool:
    """Whether nobody can see its objects any more; then they go."""
    names = [each.name for each in tx.objects(container, Page(limit=MOST_EXPIRED))]
    for name in names:
        found = tx.object(container, name)
        if found is None or found.named or found.delete_at is None or found.delete_at > tx.now // clock.SECOND:
            return False
    if len(names) < container.objects:
        return False
    for name in names:
        tx.remove_object(container, name)
    return True
