"""The rules of objects."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from kumoi.engines.objects.interface import Container, Object, Reading, Stored, Writing
from kumoi.kernel.errors import ApiError, NotFound
from kumoi.kernel.who import Who
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import Described, Found
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.checksums import PREFIX as CHECKSUM
from kumoi.services.s3.errors import S3Error, absent, invalid, no_key
from kumoi.services.s3.tags import logic as tags
from kumoi.services.s3.versions import logic as versions

META = "x-amz-meta-"
Named = tuple[str, str]
"""Key, and the id of a version or nothing."""
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


def described(headers: Mapping[str, str], sums: Mapping[str, str]) -> Described:
    """The properties of an object that a request writes. `sums`: its checked checksums, by header."""
    metadata, size = {}, 0
    for header, value in headers.items():
        if header.startswith(META):
            name, text = header[len(META) :], object_store.decoded(header, value)
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
    where = buckets.opened(tx, who, bucket)
    versions.check_id(where, version)
    try:
        return object_store.find(tx, who, bucket, key, version, bytes_too=bytes_too)
    except object_store.Marked as marked:
        raise versions.marked(marked.found) from None
    except NotFound:
        raise versions.missing(tx, where, key, version) from None


def headers_of(there: Object, version: str = "", *, with_sums: bool) -> dict[str, str]:
    from email.utils import formatdate

    headers = {
        "ETag": f'"{there.etag}"', "Last-Modified": formatdate(there.at // 1_000_000, usegmt=True), "Accept-Ranges": "bytes",
    }  # fmt: skip
    if version:
        headers[versions.HEADER] = version
    for name, value in there.metadata.items():
        if name.startswith(object_store.META):
            headers[META + name[len(object_store.META) :]] = object_store.encoded(value)
        elif name.startswith(SUMS + CHECKSUM):
            if with_sums:
                headers[name[len(SUMS) :]] = value
        elif name == tags.STORED:
            headers["x-amz-tagging-count"] = str(tags.count(value))
        elif name in object_store.KEPT:
            headers[name] = object_store.encoded(value)
    return headers


def check_conditions(tx: Reading, where: Container, key: str, headers: Mapping[str, str]) -> None:
    """PreconditionFailed if the object that a write replaces is not the one that its headers want."""
    there = object_store.standing(tx, where, key)
    if headers.get("if-none-match") is not None:
        if headers["if-none-match"].strip() != "*":
            raise absent("If-None-Match with an ETag, in a write,")
        if there is not None:
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
    object_store.may_put(tx, who, where.account, bucket, key, {}, size)


def put(
    tx: Writing, who: Who, bucket: str, key: str, headers: Mapping[str, str], said: Described, stored: Stored
) -> Object:
    check_key(key)
    check_conditions(tx, buckets.opened(tx, who, bucket, write=True), key, headers)
    return object_store.put(tx, who, bucket, key, said, stored)


def remove(
    tx: Writing, who: Who, bucket: str, key: str, headers: Mapping[str, str], version: str = ""
) -> object_store.Removal:
    """S3 does not say whether it was there."""
    check_key(key)
    where = buckets.opened(tx, who, bucket, write=True)
    versions.check_id(where, version)
    if "if-match" in headers:
        check_conditions(tx, where, key, {"if-match": headers["if-match"]})
    try:
        return object_store.remove(tx, who, bucket, key, version)
    except NotFound:
        return object_store.Removal(False, version)


def remove_many(tx: Writing, who: Who, bucket: str, named: list[Named]) -> list[tuple[Named, Outcome]]:
    """What became of each, or why it was not removed."""
    buckets.opened(tx, who, bucket, write=True)
    done: list[tuple[Named, Outcome]] = []
    for key, version in named:
        try:
            done.append(((key, version), remove(tx, who, bucket, key, {}, version)))
        except ApiError as error:
            done.append(((key, version), error))
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
    kept = {
        name: value for name, value in metadata.items() if name.startswith(SUMS + CHECKSUM) and source.pieces is None
    }
    if _directive(headers, "x-amz-tagging-directive") == "COPY":
        tagged = metadata.get(tags.STORED, "")
    else:
        tagged = tags.of_header(headers.get("x-amz-tagging", ""))
    if tagged:
        kept[tags.STORED] = tagged
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


def _directive(headers: Mapping[str, str], name: str) -> str:
    text = headers.get(name, "COPY")
    if text not in ("COPY", "REPLACE"):
        raise invalid(name, "it is COPY or REPLACE.")
    return text


def deleted(done: list[tuple[Named, Outcome]], code_of: Callable[[ApiError], str], *, quiet: bool) -> dict[str, Any]:
    """The content of DeleteResult."""
    gone, errors = [], []
    for (key, version), outcome in done:
        named = {"Key": key, "VersionId": version or None}
        if isinstance(outcome, ApiError):
            errors.append({**named, "Code": code_of(outcome), "Message": outcome.message})
        elif not quiet:
            marker = {"DeleteMarker": True, "DeleteMarkerVersionId": outcome.id} if outcome.marker else {}
            gone.append({**named, **marker})
    return {"Deleted": gone, "Error": errors}
