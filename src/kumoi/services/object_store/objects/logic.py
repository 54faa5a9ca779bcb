"""The rules of objects, and the properties of a new one."""

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from kumoi.engines.objects.interface import (
    DEFAULT,
    FOLLOWED,
    Account,
    Change,
    Container,
    Object,
    Reading,
    Stored,
    Writing,
)
from kumoi.kernel import clock
from kumoi.kernel.errors import ApiError, BadRequest, Conflict, NotFound, TooLarge, Unprocessable
from kumoi.kernel.who import Who
from kumoi.services.object_store import access, asked, limits, listings
from kumoi.services.object_store.access import READ, WRITE
from kumoi.services.object_store.accounts import logic as accounts
from kumoi.services.object_store.asked import http_date, timestamp
from kumoi.services.object_store.containers import logic as containers
from kumoi.services.object_store.errors import ROOT, LengthRequired, PreconditionFailed
from kumoi.services.object_store.limits import HIDDEN
from kumoi.services.object_store.objects import locations
from kumoi.services.object_store.versions import logic as versions
from kumoi.services.object_store.versions.logic import Removal

META = "x-object-meta-"
KEPT = (
    "cache-control", "content-disposition", "content-encoding", "content-language", "expires", "x-robots-tag",
)  # fmt: skip
"""Headers besides metadata that an object keeps and shows."""
MANIFEST = "x-object-manifest"
LINK, LINK_ACCOUNT, LINK_ETAG = "x-symlink-target", "x-symlink-target-account", "x-symlink-target-etag"
SLO_SIZE, SLO_ETAG = "sysmeta-slo-size", "sysmeta-slo-etag"
"""Kept with a manifest: size and ETag of what it stands for."""
LASTING = (HIDDEN, "x-static-large-object", "x-symlink-")
"""Beginnings of what a POST does not change."""
MOST_EXPIRED = 1000
"""Expired objects that are looked at when a quota seems to be exceeded."""
MOST_LINKS = 2
LAST_SECOND = 9_999_999_999
"""Of expiry; a later one is taken for this one, as in Swift."""
OCTETS = "application/octet-stream"


@dataclass(frozen=True)
class Described:
    """The description of an object in a request that writes it."""

    content_type: str | None
    metadata: dict[str, str]
    delete_at: int | None


def check_path(account: str, container: str, name: str) -> None:
    limits.check_name("account", account, limits.LONGEST_ACCOUNT)
    limits.check_container_name(container)
    limits.check_name("object", name, limits.LONGEST_OBJECT)


def described(headers: Mapping[str, str], now: int) -> Described:
    metadata = limits.metadata(headers, META)
    if MANIFEST in headers:
        text = limits.decoded(MANIFEST, headers[MANIFEST]).lstrip("/")
        container, slash, prefix = text.partition("/")
        if not (container and slash and prefix) or "?" in text or "&" in text:
            raise BadRequest("X-Object-Manifest: it must be of the form container/prefix.")
        metadata[MANIFEST] = text
    for header in (*KEPT, "content-type"):
        if len(headers.get(header, "")) > limits.LONGEST_HEADER:
            raise BadRequest(f"{header.title()}: it has more than {limits.LONGEST_HEADER} bytes.")
        if header in KEPT and headers.get(header):
            metadata[header] = limits.decoded(header, headers[header])
    content_type = headers.get("content-type") or None
    if content_type is not None:
        content_type = limits.decoded("content-type", content_type)
    return Described(content_type, metadata, _delete_at(headers, now))


def _delete_at(headers: Mapping[str, str], now: int) -> int | None:
    after, at = headers.get("x-delete-after"), headers.get("x-delete-at")
    text, header = (after, "X-Delete-After") if after is not None else (at, "X-Delete-At")
    if text is None or (header == "X-Delete-At" and not text.strip()):
        return None
    try:
        number = int(text)
    except ValueError:
        raise BadRequest(f"Non-integer {header}") from None
    seconds = number + now // clock.SECOND if after is not None else number
    if seconds <= now // clock.SECOND:
        raise BadRequest(f"{header} in past")
    return min(seconds, LAST_SECOND)


def length(headers: Mapping[str, str]) -> int | None:
    """The announced number of bytes; None: the body is chunked."""
    text = headers.get("content-length")
    if text is None:
        if "transfer-encoding" not in headers:
            raise LengthRequired("Content-Length is missing.")
        return None
    if int(text) > limits.MOST_BYTES:
        raise TooLarge(f"The object would have {int(text)} bytes; at most {limits.MOST_BYTES} are taken.")
    return int(text)


def followed(
    tx: Reading, who: Who, account: str, container: str, name: str, headers: Mapping[str, str], version: str = ""
) -> tuple[Container, Object, str, str]:
    """As `readable`, through symbolic links; where it was found, if it was not here; and the id of the version that was
    found here."""
    place, found = readable(tx, who, account, container, name, headers, version)
    location, id = "", versions.id_of(found) if place.versioning else ""
    for _ in range(MOST_LINKS + 1):
        if LINK not in found.metadata:
            return place, found, location, id
        account = found.metadata.get(LINK_ACCOUNT, account)
        container, _, name = found.metadata[LINK].partition("/")
        wanted = found.metadata.get(LINK_ETAG)
        location = f"/v1/{account}/{container}/{name}"
        try:
            place, found = readable(tx, who, account, container, name, headers)
            if wanted and LINK not in found.metadata and wanted != found.etag:
                raise _mismatch(found.etag, wanted)
        except ApiError as error:
            error.headers["Content-Location"] = quote(f"{ROOT}{location}")
            if wanted:
                error.headers["X-Symlink-Target-Etag"] = wanted
            raise
    raise Conflict(f"Too many levels of symbolic links, maximum allowed is {MOST_LINKS}")


def _mismatch(etag: str, wanted: str) -> Conflict:
    return Conflict(f"Object Etag {etag!r} does not match X-Symlink-Target-Etag header {wanted!r}")


def link(
    tx: Reading, who: Who, itself: tuple[str, str, str], headers: Mapping[str, str], *, check: bool = True
) -> tuple[dict[str, str], dict[str, Any]]:
    """(what a symbolic link keeps, what a list shows of it besides). `check`: its target must be as it says."""
    account = itself[0]
    container, name = other("X-Symlink-Target", headers[LINK])
    kept = {LINK: f"{container}/{name}"}
    owner = unquote(limits.decoded(LINK_ACCOUNT, headers.get(LINK_ACCOUNT, ""))) or account
    if (owner, container, name) == itself:
        raise BadRequest("Symlink cannot target itself")
    if owner != account:
        kept[LINK_ACCOUNT] = owner
    shown: dict[str, Any] = {"symlink_path": f"/v1/{quote(owner)}/{quote(container)}/{quote(name)}"}
    if wanted := headers.get(LINK_ETAG, "").strip('"'):
        kept[LINK_ETAG] = shown["symlink_etag"] = wanted
        if check:
            try:
                # The target may be a link, which is meant itself if the ETag is its own.
                _, found = readable(tx, who, owner, container, name, {})
                if found.etag != wanted:
                    _, found, _, _ = followed(tx, who, owner, container, name, {})
            except NotFound:
                raise Conflict("X-Symlink-Target does not exist") from None
            if found.etag != wanted:
                raise _mismatch(found.etag, wanted)
            shown["content_type"] = found.content_type
            shown["symlink_bytes"] = int(found.metadata.get(SLO_SIZE, found.size))
            if slo_etag := found.metadata.get(SLO_ETAG):
                shown["slo_etag"] = f'"{slo_etag}"'
    return kept, shown


def readable(
    tx: Reading, who: Who, account: str, container: str, name: str, headers: Mapping[str, str], version: str = ""
) -> tuple[Container, Object]:
    """`version`: the id of the one that is wanted instead of the current one."""
    check_path(account, container, name)
    if version:
        place = containers.open_to(tx, who, account, container, headers, READ)
        if versions.is_for_owners(tx, place, name, version) and not access.may_read(who, account):
            raise access.refuse(who)  # An access list opens the current object alone.
        return place, versions.readable(tx, place, name, version)
    place = containers.open_to(tx, who, account, container, headers, READ, object=name)
    found = standing(tx, place, name)
    if found is None:
        raise NotFound("The object could not be found.")
    return place, found


def standing(tx: Reading, container: Container, name: str) -> Object | None:
    """An object that has not expired."""
    found = tx.object(container, name)
    if found is not None and found.delete_at is not None and found.delete_at <= tx.now // clock.SECOND:
        return None
    return found


def may_put(
    tx: Reading, who: Who, account: str, container: str, name: str, headers: Mapping[str, str], size: int
) -> Container:
    """The container of the new object, if the caller may write to it now."""
    check_path(account, container, name)
    place = containers.open_to(tx, who, account, container, headers, WRITE)
    before = standing(tx, place, name)
    if unless := headers.get("if-none-match", "").strip():
        if unless != "*":
            raise BadRequest("If-None-Match only supports *")
        if before is not None:
            raise PreconditionFailed("If-None-Match: there is such an object.")
    _take_quota(tx, place, name, before, size)
    return place


def _take_quota(tx: Reading, container: Container, name: str, before: Object | None, size: int) -> None:
    """`before`: the object that has the name now. It goes, or becomes an old version, here or in another container."""
    old, keeper = (before.size, locations.keeper(tx, container, before)) if before else (0, None)
    objects, kept, grown = versions.growth(tx, container, name, before, size)
    more = {container.name: (container, objects, grown)}
    if keeper is not None:
        _, objects, grown = more.get(keeper.name, (keeper, 0, 0))
        more[keeper.name] = keeper, objects + 1, grown + old
    for each, objects, grown in more.values():
        gone = partial(_expired, tx, container.account, each)
        _check_quota("container", each.metadata.get(containers.QUOTA_BYTES), each.bytes, grown, gone)
        _check_quota("container", each.metadata.get(containers.QUOTA_COUNT), each.objects, objects, gone, counts=True)
    account = tx.account(container.account)
    if account is not None:
        gone, grown = partial(_expired, tx, container.account, None), sum(each[2] for each in more.values())
        for quota in limits.ACCOUNT_QUOTAS:
            _check_quota("account", account.metadata.get(quota), account.bytes, grown, gone)
        objects = sum(each[1] for each in more.values()) + kept
        most = account.metadata.get(limits.ACCOUNT_QUOTA_COUNT)
        _check_quota("account", most, account.objects, objects, gone, counts=True)
        _take_quota_of_policies(tx, account, [*more.values(), (container, kept, 0)])


def _take_quota_of_policies(tx: Reading, account: Account, more: list[tuple[Container, int, int]]) -> None:
    """`more`: containers with objects and bytes that they get."""
    if not any(name.startswith((limits.POLICY_QUOTA_BYTES, limits.POLICY_QUOTA_COUNT)) for name in account.metadata):
        return
    counted = accounts.counted(tx, account)
    for policy in {each.policy or DEFAULT for each, _, _ in more}:
        of, name = f"account for the policy {policy}", policy.lower()
        _, used, used_bytes = counted.get(policy, (0, 0, 0))
        objects = sum(each[1] for each in more if (each[0].policy or DEFAULT) == policy)
        grown = sum(each[2] for each in more if (each[0].policy or DEFAULT) == policy)
        gone = partial(_expired, tx, account.name, None, policy)
        _check_quota(of, account.metadata.get(limits.POLICY_QUOTA_BYTES + name), used_bytes, grown, gone)
        most = account.metadata.get(limits.POLICY_QUOTA_COUNT + name)
        _check_quota(of, most, used, objects, gone, counts=True)


def _expired(tx: Reading, account: str, container: Container | None, policy: str | None = None) -> tuple[int, int]:
    """(number, bytes) of objects that nobody can see any more, and which the sweep has not removed yet; of one container, of
    those of one policy, or of all."""
    count, size = 0, 0
    for where, name in tx.expired(tx.now // clock.SECOND, MOST_EXPIRED):
        is_meant = policy in (None, where.policy or DEFAULT) and (container is None or container.id == where.id)
        # A container with versions keeps what expires.
        if where.account == account and not where.versioning and is_meant:
            found = tx.object(where, name)
            count, size = count + 1, size + (found.size if found else 0)
    return count, size


def _check_quota(
    of: str, most: str | None, used: int, more: int, gone: Callable[[], tuple[int, int]], *, counts: bool = False
) -> None:
    """`counts`: objects and not bytes."""
    if most and more > 0 and used + more > int(most):
        used -= gone()[0 if counts else 1]
        if used + more <= int(most):
            return
        what = "objects" if counts else "bytes"
        raise TooLarge(f"The quota of the {of} has no room: {most} {what}, of which {used} are used.")


def check_etag(headers: Mapping[str, str], stored: Stored) -> None:
    wanted = headers.get("etag")
    if wanted and wanted.strip().strip('"').lower() != stored.etag:
        raise Unprocessable(f"ETag: the bytes that came have {stored.etag}, not {wanted[:80]!r}.")


def put(
    tx: Writing, who: Who, account: str, container: str, name: str, headers: Mapping[str, str], said: Described,
    stored: Stored, at: int | None = None,
) -> Object:  # fmt: skip
    """`at`: when another cloud made it; Older if there is a version that is as new."""
    place = may_put(tx, who, account, container, name, headers, stored.size)
    if at is not None:
        check_newer(tx, place, name, at)
    more: dict[str, Any] = {}
    if LINK in headers:
        if stored.size:
            raise BadRequest("Symlink requests require a zero byte body")
        kept, more = link(tx, who, (account, container, name), headers, check=at is None)
        # A static link without a type of its own has that of its target.
        content_type = more.pop("content_type", None)
        said = replace(said, metadata={**said.metadata, **kept}, content_type=said.content_type or content_type)
    made = new_object(tx, name, said, stored, headers.get("x-detect-content-type"), at=at, **more)
    locations.keep(tx, place, name)
    tx.put_object(place, made, stored)
    return made


class Older(Conflict):
    """A change that another cloud brings is older than what this cloud has."""

    def __init__(self) -> None:
        super().__init__("The object has been changed since.")


def check_newer(tx: Reading, place: Container, name: str, at: int) -> None:
    found = tx.object(place, name)
    if (found is not None and found.at >= at) or (tx.removed_at(place, name) or 0) >= at:
        raise Older()


def new_object(
    tx: Writing, name: str, said: Described, stored: Stored, detect: str | None = None, size: int | None = None,
    at: int | None = None, **more: Any,
) -> Object:  # fmt: skip
    """`size` and `more`: what a list shows of it in place of its own size, and besides. `at`: if it was not made now."""
    if at is None:
        at = tx.now
    if segments_size := said.metadata.get(SLO_SIZE):
        size, more["slo_etag"] = int(segments_size), f'"{said.metadata[SLO_ETAG]}"'
    content_type = said.content_type
    if content_type is None or limits.flag(detect):
        content_type = mimetypes.guess_type(name, strict=False)[0] or OCTETS
    return Object(
        name=name, size=stored.size, etag=stored.etag, content_type=content_type, at=at,
        entry=listings.entry(name, stored.etag, stored.size if size is None else size, content_type, at, **more),
        metadata=said.metadata, delete_at=said.delete_at,
    )  # fmt: skip


def change(
    tx: Writing, who: Who, account: str, container: str, name: str, headers: Mapping[str, str], said: Described
) -> Object:
    """Replace all metadata. The bytes stay."""
    check_path(account, container, name)
    place = containers.open_to(tx, who, account, container, headers, WRITE)
    found = standing(tx, place, name)
    if found is None:
        raise NotFound("The object could not be found.")
    if MANIFEST in said.metadata and "x-static-large-object" in found.metadata:
        raise BadRequest("X-Object-Manifest: the object is a static large object.")
    found.content_type = said.content_type or found.content_type
    kept = {key: value for key, value in found.metadata.items() if key.startswith(LASTING)}
    found.metadata, found.delete_at, found.at = {**said.metadata, **kept}, said.delete_at, tx.now
    found.entry = listings.changed(found.entry, content_type=found.content_type, last_modified=asked.iso(tx.now))
    tx.put_object(place, found, None)
    return found


def remove(
    tx: Writing, who: Who, account: str, container: str, name: str, headers: Mapping[str, str], version: str = "",
    *, by_age: bool = False,
) -> Removal:  # fmt: skip
    """`by_age`: by the rules of S3, in which the newest version of a name is its current object, and a deletion always
    leaves a delete marker in a container that has had versions."""
    check_path(account, container, name)
    place = containers.open_to(tx, who, account, container, headers, WRITE)
    if version:
        if versions.is_for_owners(tx, place, name, version) and access.level(tx, who, account) < access.Level.OWN:
            raise access.refuse(who)
        return versions.remove(tx, place, name, version, by_age=by_age)
    found = standing(tx, place, name)
    if (due := headers.get("x-if-delete-at")) is not None:
        if not limits.is_number(due.strip()):
            raise BadRequest("Bad X-If-Delete-At header value")
        if found is not None and found.delete_at != int(due):
            raise PreconditionFailed("X-If-Delete-At does not match")
    if found is not None and (wanted := headers.get("if-match")) and wanted.strip('"') not in ("*", found.etag):
        raise PreconditionFailed("If-Match: the object has another ETag.")
    if found is not None and locations.bring_back(tx, place, found):
        return Removal(True)
    if place.versioning:
        versions.check_room(tx, place)
    removal = versions.delete(tx, place, name, found, always_marked=by_age)
    if removal is None:
        tx.remove_object(place, name)
    return removal or Removal(found is not None)


def remove_synced(tx: Writing, who: Who, account: str, container: str, name: str, at: int) -> None:
    """As another cloud did at that instant; Older if there is a version that is as new."""
    check_path(account, container, name)
    place = containers.open_to(tx, who, account, container, {}, WRITE)
    check_newer(tx, place, name, at)
    if not tx.remove_object(place, name, at) and place.metadata.get(FOLLOWED):
        # It may still come, late.
        tx.note_change(place, Change(0, name, at, True))


def restore(tx: Writing, who: Who, account: str, container: str, name: str, version: str) -> Object:
    """Make a version the current object."""
    check_path(account, container, name)
    place = containers.open_to(tx, who, account, container, {}, WRITE)
    if access.level(tx, who, account) < access.Level.OWN:
        raise access.refuse(who)
    return versions.restore(tx, place, name, version)


def headers_of(found: Object) -> dict[str, str]:
    headers = {
        "ETag": found.etag,
        "Last-Modified": http_date(found.at),
        "X-Timestamp": timestamp(found.at),
        "Accept-Ranges": "bytes",
    }
    if found.delete_at is not None:
        headers["X-Delete-At"] = str(found.delete_at)
    headers.update(
        (key.title(), limits.encoded(value)) for key, value in found.metadata.items() if not key.startswith(HIDDEN)
    )
    if LINK in found.metadata:
        headers[LINK.title()] = quote(found.metadata[LINK])
    return headers


def other(header: str, text: str) -> tuple[str, str]:
    """`container/object` in a header."""
    container, slash, name = unquote(limits.decoded(header, text)).lstrip("/").partition("/")
    if not (container and slash and name):
        raise PreconditionFailed(f"{header}: {text[:100]!r} is not of the form container/object.")
    return container, name


def check_conflict(expected: int, size: int) -> None:
    if expected != size:
        raise Conflict("The source was changed while it was copied.")
