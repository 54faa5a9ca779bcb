"""Versions of objects: which one a request names, and what a reply says of it."""

from email.utils import formatdate

from kumoi.engines.objects.interface import Container, Object, Reading
from kumoi.kernel import clock
from kumoi.kernel.errors import BadRequest
from kumoi.services.object_store import facade as object_store
from kumoi.services.s3.errors import S3Error, invalid, no_key, no_version

HEADER, MARKER = "x-amz-version-id", "x-amz-delete-marker"


def check_id(where: Container, id: str, parameter: str = "versionId") -> int | None:
    """Its number; None for the null version, or for none at all. S3Error for what can be no id in this bucket."""
    if not id:
        return None
    try:
        number = object_store.number(id)
    except BadRequest:
        raise invalid(parameter, f"{id[:40]!r} is no id of a version.") from None
    if number is not None and not where.versioning:
        raise no_version(id)
    return number


def find(tx: Reading, where: Container, key: str, id: str) -> Object:
    """S3Error if it does not exist, or is a delete marker."""
    found = tx.version(where, key, check_id(where, id))
    if found is None or object_store.id_of(found) != id:
        raise no_version(id)
    if found.marker:
        raise marked(found)
    return found


def marked(found: Object) -> S3Error:
    """For requests that name a delete marker."""
    headers = {
        MARKER: "true", HEADER: object_store.id_of(found), "Allow": "DELETE",
        "Last-Modified": formatdate(found.at // clock.SECOND, usegmt=True),
    }  # fmt: skip
    return S3Error(405, "MethodNotAllowed", "The version is a delete marker.", headers=headers)


def missing(tx: Reading, where: Container, key: str, id: str) -> S3Error:
    """For requests whose object does not exist."""
    if id:
        return no_version(id)
    error, newest = no_key(key), tx.newest_version(where, key)
    if newest is not None and newest.marker and tx.object(where, key) is None:
        error.headers |= {MARKER: "true", HEADER: object_store.id_of(newest)}
    return error


def made(object: Object) -> dict[str, str]:
    """Headers of the reply to a write."""
    return {HEADER: object_store.id_of(object)} if object.named else {}


def copied(object: Object, source: object_store.Found) -> dict[str, str]:
    found = {"x-amz-copy-source-version-id": source.version} if source.version else {}
    return {**made(object), **found}


def removed(removal: object_store.Removal) -> dict[str, str]:
    """Headers of the reply to a deletion."""
    headers = {HEADER: removal.id} if removal.id else {}
    return {**headers, MARKER: "true"} if removal.marker else headers
