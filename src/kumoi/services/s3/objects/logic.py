"""The rules of objects."""

import base64
from collections.abc import Callable, Mapping
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import formatdate
from typing import Any, NamedTuple
from urllib.parse import unquote

from kumoi.engines.objects.interface import Container, Object, Reading, Stored, Writing
from kumoi.kernel import clock
from kumoi.kernel.errors import ApiError, NotFound
from kumoi.kernel.who import Who
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import Described, Found
from kumoi.services.s3 import asked
from kumoi.services.s3.acls import logic as acls
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.checksums import PREFIX as CHECKSUM
from kumoi.services.s3.checksums import TYPE, WHOLE
from kumoi.services.s3.errors import S3Error, invalid, no_key
from kumoi.services.s3.parts import logic as parts
from kumoi.services.s3.tags import logic as tags
from kumoi.services.s3.versions import logic as versions

META = "x-amz-meta-"


class Named(NamedTuple):
    """An object that a request names for removal."""

    key: str
    version: str
    conditions: dict[str, str]
    """As headers."""


Outcome = object_store.Removal | ApiError
SUMS = f"{object_store.HIDDEN}s3-"
"""The beginning of the names under which an object stores its checksums."""
DEFAULT_TYPE = "binary/octet-stream"
LONGEST_KEY = 1024
MOST_METADATA = 2048
MOST_DELETED = 1000


def check_key(key: str) -> None:
    if len(key.encode()) > LONGEST_KEY:
        raise S3Error(
            400, "KeyTooLongError", f"The key has {len(key.encode())} bytes; at most {LONGEST_KEY} are accepted."
        )
    object_store.check_name("object", key, LONGEST_KEY)


def _words(text: str) -> str:
    """In ASCII (RFC 2047), as S3 sends metadata."""
    return f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="


def _of_words(text: str) -> str:
    """The opposite; a text without such words as it is."""
    if "=?" not in text:
        return text
    try:
        found = str(make_header(decode_header(text)))
    except (LookupError, ValueError, HeaderParseError):
        return text
    return found if found.isprintable() else text


def described(headers: Mapping[str, str], sums: Mapping[str, str]) -> Described:
    """The properties of an object that a request writes. `sums`: its checked checksums, by header."""
    metadata, size = {}, 0
    for header, value in headers.items():
        if header.startswith(META):
            object_store.check_header_name(header[len(META) :])
            name, text = header[len(META) :], _of_words(object_store.decoded(header, value))
            size += len(name) + len(text.encode())
            metadata[object_store.META + name] = text
    if size > MOST_METADATA:
        raise S3Error(400, "MetadataTooLarge", f"The metadata has {size} bytes; at most {MOST_METADATA} are accepted.")
    for header in object_store.KEPT:
        text = object_store.decoded(header, headers.get(header, ""))
        if header == "content-encoding":
            text = ",".join(part for part in map(str.strip, text.split(",")) if part and part.lower() != "aws-chunked")
        if text:
            metadata[header] = text
    if tagged := tags.of_header(headers.get("x-amz-tagging", "")):
        metadata[tags.STORED] = tagged
    metadata |= acls.kept(acls.of_headers(headers))
    metadata.update((SUMS + name, value) for name, value in sums.items())
    content_type = object_store.decoded("content-type", headers.get("content-type") or DEFAULT_TYPE)
    for header, text in (
        ("content-type", content_type),
        *((name, metadata.get(name, "")) for name in object_store.KEPT),
    ):
        if len(text.encode()) > object_store.LONGEST_HEADER:
            raise S3Error(400, "InvalidArgument", f"{header} is longer than {object_store.LONGEST_HEADER} bytes.")
    return Described(content_type, metadata, None)


def found(tx: Reading, who: Who, bucket: str, key: str, version: str = "", *, bytes_too: bool = True) -> Found:
    check_key(key)
    where = buckets.opened(tx, who, bucket, object=key)
    versions.check_id(where, version)
    try:
        return object_store.find(tx, who, bucket, key, version, bytes_too=bytes_too)
    except object_store.Marked as marked:
        raise versions.marked(marked.found) from None
    except NotFound:
        raise versions.missing(tx, where, key, version) from None


def sums_of(there: Object) -> dict[str, str]:
    """Header → checksum, of the object; and its type."""
    found = {name[len(SUMS) :]: value for name, value in there.metadata.items() if name.startswith(SUMS + CHECKSUM)}
    return found if not found or TYPE in found else {**found, TYPE: WHOLE}


def shown_sums(there: Object, *, typed: bool = True) -> dict[str, str]:
    """The same as elements. `typed`: with their type."""
    return {
        "ChecksumType" if header == TYPE else parts.element(header): value
        for header, value in sums_of(there).items()
        if typed or header != TYPE
    }


def headers_of(there: Object, version: str = "", *, with_sums: bool) -> dict[str, str]:
    headers = {
        "ETag": f'"{there.etag}"', "Last-Modified": formatdate(there.at // 1_000_000, usegmt=True), "Accept-Ranges": "bytes",
    }  # fmt: skip
    if version:
        headers[versions.HEADER] = version
    for name, value in there.metadata.items():
        if name.startswith(object_store.META):
            headers[META + name[len(object_store.META) :]] = value if value.isascii() else _words(value)
        elif name == tags.STORED:
            headers["x-amz-tagging-count"] = str(tags.count(value))
        elif name in object_store.KEPT:
            headers[name] = object_store.encoded(value)
    return {**headers, **sums_of(there)} if with_sums else headers


def check_conditions(tx: Reading, where: Container, key: str, headers: Mapping[str, str]) -> None:
    """PreconditionFailed if the object that a write replaces is not the one that its headers want."""
    there = object_store.standing(tx, where, key)
    unwanted = headers.get("if-none-match")
    if unwanted is not None and there is not None and unwanted.strip().strip('"') in ("*", there.etag):
        raise S3Error(412, "PreconditionFailed", "If-None-Match: there is such an object.")
    wanted = headers.get("if-match")
    if wanted is not None:
        if there is None:
            raise no_key(key)
        if wanted.strip().strip('"') not in ("*", there.etag):
            raise S3Error(412, "PreconditionFailed", "If-Match: the object has another ETag.")


def may_put(tx: Reading, who: Who, bucket: str, key: str, headers: Mapping[str, str], size: int) -> None:
    """Refuses a write before its bytes arrive."""
    check_key(key)
    where = buckets.opened(tx, who, bucket, write=True)
    check_conditions(tx, where, key, headers)
    object_store.may_put(tx, who, where.account, where.name, key, {}, size)


def put(
    tx: Writing, who: Who, bucket: str, key: str, headers: Mapping[str, str], said: Described, stored: Stored
) -> Object:
    check_key(key)
    where = buckets.opened(tx, who, bucket, write=True)
    check_conditions(tx, where, key, headers)
    granted = object_store.grants.of(said.metadata)
    acls.check_blocks(where, granted)
    buckets.check_name(tx, where, bucket, [each.grantee for each in granted])
    return object_store.put(tx, who, where, key, said, stored)


def remove(
    tx: Writing, who: Who, bucket: str, key: str, headers: Mapping[str, str], version: str = ""
) -> object_store.Removal:
    """S3 does not say whether it was there."""
    check_key(key)
    where = buckets.opened(tx, who, bucket, write=True)
    number = versions.check_id(where, version)
    there = tx.version(where, key, number) if version else object_store.standing(tx, where, key)
    if there is not None and (not version or object_store.id_of(there) == version):
        _check_removal(there, headers)
    try:
        return object_store.remove(tx, who, where, key, version)
    except NotFound:
        return object_store.Removal(False, version)


def _check_removal(there: Object, headers: Mapping[str, str]) -> None:
    """PreconditionFailed if it is not the object that is to go."""
    size, modified = headers.get("x-amz-if-match-size"), headers.get("x-amz-if-match-last-modified-time")
    if headers.get("if-match", "*").strip().strip('"') not in ("*", there.etag):
        raise S3Error(412, "PreconditionFailed", "If-Match: the object has another ETag.")
    if size is not None and size.strip() != str(there.size):
        raise S3Error(412, "PreconditionFailed", f"x-amz-if-match-size: the object has {there.size} bytes.")
    if modified is not None and asked.seconds_of(modified) != there.at // clock.SECOND:
        raise S3Error(412, "PreconditionFailed", "x-amz-if-match-last-modified-time: the object was changed then.")


def remove_many(tx: Writing, who: Who, bucket: str, named: list[Named]) -> list[tuple[Named, Outcome]]:
    """What became of each, or why it was not removed."""
    buckets.opened(tx, who, bucket, write=True)
    done: list[tuple[Named, Outcome]] = []
    for each in named:
        try:
            done.append((each, remove(tx, who, bucket, each.key, each.conditions, each.version)))
        except ApiError as error:
            done.append((each, error))
    return done


def source(text: str) -> tuple[str, str, str]:
    """(bucket, key, version) of `x-amz-copy-source`."""
    path, _, query = text.partition("?")
    name, _, version = query.partition("=")
    if query and (name != "versionId" or not version):
        raise invalid("x-amz-copy-source", "behind the key it has only versionId.")
    bucket, slash, key = unquote(path, errors="replace").removeprefix("/").partition("/")
    if not (bucket and slash and key):
        raise invalid("x-amz-copy-source", "it is not of the form /bucket/key.")
    return bucket, key, unquote(version)


def of_source(headers: Mapping[str, str]) -> dict[str, str]:
    """The conditions on the source of a copy, under the names of the conditions on a download."""
    prefix = "x-amz-copy-source-"
    return {name[len(prefix) :]: value for name, value in headers.items() if name.startswith(f"{prefix}if-")}


def copied_metadata(source: Found, headers: Mapping[str, str], *, same: bool) -> Described:
    """Of a copy, which is no manifest and no link even if its source is. `same`: the object is copied to itself."""
    directive = _directive(headers, "x-amz-metadata-directive")
    metadata = source.object.metadata
    # The copy comes in one piece, so checksums of parts are none of it.
    whole = source.pieces is None and sums_of(source.object).get(TYPE) == WHOLE
    kept = {name: value for name, value in metadata.items() if name.startswith(SUMS + CHECKSUM) and whole}
    if _directive(headers, "x-amz-tagging-directive") == "COPY":
        tagged = metadata.get(tags.STORED, "")
    else:
        tagged = tags.of_header(headers.get("x-amz-tagging", ""))
    if tagged:
        kept[tags.STORED] = tagged
    kept |= acls.kept(acls.of_headers(headers))
    if directive == "REPLACE":
        said = described({name: value for name, value in headers.items() if name != "x-amz-tagging"}, {})
        return Described(said.content_type, {**said.metadata, **kept}, None)
    if same:
        raise S3Error(400, "InvalidRequest", "An object is copied to itself only with new metadata.")
    shown = {
        name: value
        for name, value in metadata.items()
        if name.startswith(object_store.META) or name in object_store.KEPT
    }
    return Described(source.object.content_type, {**shown, **kept}, None)


def with_sums(said: Described, sums: Mapping[str, str]) -> Described:
    """With these checksums in place of others."""
    if not sums:
        return said
    rest = {name: value for name, value in said.metadata.items() if not name.startswith(SUMS + CHECKSUM)}
    kept = {**rest, **{SUMS + name: value for name, value in sums.items()}}
    return Described(said.content_type, kept, said.delete_at)


def _directive(headers: Mapping[str, str], name: str) -> str:
    text = headers.get(name, "COPY")
    if text not in ("COPY", "REPLACE"):
        raise invalid(name, "it is COPY or REPLACE.")
    return text


def deleted(done: list[tuple[Named, Outcome]], code_of: Callable[[ApiError], str], *, quiet: bool) -> dict[str, Any]:
    """The content of DeleteResult."""
    gone, errors = [], []
    for (key, version, _), outcome in done:
        named = {"Key": key, "VersionId": version or None}
        if isinstance(outcome, ApiError):
            errors.append({**named, "Code": code_of(outcome), "Message": outcome.message})
        elif not quiet:
            marker = {"DeleteMarker": True, "DeleteMarkerVersionId": outcome.id} if outcome.marker else {}
            gone.append({**named, **marker})
    return {"Deleted": gone, "Error": errors}
