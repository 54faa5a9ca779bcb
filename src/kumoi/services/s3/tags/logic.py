"""Tags of objects, stored with an object as one text, `key=value&…`."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from kumoi.engines.objects.interface import Container, Object, Reading, Writing
from kumoi.kernel.who import Who
from kumoi.services.object_store import facade as object_store
from kumoi.services.s3 import xml
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.errors import S3Error, invalid, malformed, no_key
from kumoi.services.s3.versions import logic as versions

STORED = f"{object_store.HIDDEN}s3-tags"
"""The name under which an object stores its tags."""
MOST, LONGEST_KEY, LONGEST_VALUE = 10, 128, 256


def of_header(text: str) -> str:
    """The tags of the header `x-amz-tagging`, as they are stored."""
    try:
        found = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=100)
    except ValueError:
        raise invalid("x-amz-tagging", "it is not of the form key=value&key=value.") from None
    return _checked(found)


def of_document(raw: bytes) -> str:
    document = xml.parse(raw, "Tagging")
    found = []
    for element in document.findall("TagSet/Tag"):
        key, value = element.findtext("Key"), element.findtext("Value")
        if key is None or value is None:
            raise malformed("a Tag has no Key or no Value")
        found.append((key, value))
    return _checked(found)


def _checked(tags: list[tuple[str, str]]) -> str:
    if len(tags) > MOST:
        raise S3Error(400, "BadRequest", f"There are {len(tags)} tags; at most {MOST} are accepted.")
    for key, value in tags:
        if not 0 < len(key) <= LONGEST_KEY or len(value) > LONGEST_VALUE:
            raise S3Error(
                400,
                "InvalidTag",
                f"The tag {key[:40]!r}: a key has 1 to {LONGEST_KEY} characters, a value at most {LONGEST_VALUE}.",
            )
    if len(dict(tags)) < len(tags):
        raise S3Error(400, "InvalidTag", "Two tags have the same key.")
    return urlencode(tags)


def count(stored: str) -> int:
    return len(parse_qsl(stored, keep_blank_values=True))


def _found(tx: Reading, where: Container, key: str, version: str) -> tuple[Object, dict[str, str]]:
    """What has the tags, and what a reply says of its version."""
    found = versions.find(tx, where, key, version) if version else object_store.standing(tx, where, key)
    if found is None:
        raise no_key(key)
    return found, {versions.HEADER: object_store.id_of(found)} if where.versioning else {}


def shown(tx: Reading, who: Who, bucket: str, key: str, version: str = "") -> tuple[dict[str, Any], dict[str, str]]:
    """The content of Tagging, and headers."""
    found, headers = _found(tx, buckets.opened(tx, who, bucket), key, version)
    tags = parse_qsl(found.metadata.get(STORED, ""), keep_blank_values=True)
    return {"TagSet": {"Tag": [{"Key": name, "Value": value} for name, value in tags]}}, headers


def put(tx: Writing, who: Who, bucket: str, key: str, stored: str, version: str = "") -> dict[str, str]:
    """Replace all tags; an empty text removes them. The object counts as unchanged, as in S3."""
    where = buckets.opened(tx, who, bucket, write=True)
    found, headers = _found(tx, where, key, version)
    found.metadata = {name: value for name, value in found.metadata.items() if name != STORED}
    if stored:
        found.metadata[STORED] = stored
    tx.put_object(where, found, None)
    return headers
