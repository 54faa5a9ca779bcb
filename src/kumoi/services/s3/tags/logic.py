"""Tags of objects and buckets, stored with them as one text, `key=value&…`."""

from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree.ElementTree import Element

from kumoi.engines.objects.interface import Container, Object, Reading, Writing
from kumoi.kernel.who import Who
from kumoi.services.object_store import facade as object_store
from kumoi.services.s3 import xml
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.errors import S3Error, invalid, malformed, no_key
from kumoi.services.s3.settings.logic import Setting
from kumoi.services.s3.versions import logic as versions

STORED = f"{object_store.HIDDEN}s3-tags"
"""The name under which an object stores its tags."""
MOST, MOST_OF_BUCKET, LONGEST_KEY, LONGEST_VALUE = 10, 50, 128, 256


def of_header(text: str) -> str:
    """The tags of the header `x-amz-tagging`, as they are stored."""
    try:
        found = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise invalid("x-amz-tagging", "it is not of the form key=value&key=value.") from None
    return _checked(found)


def of_document(raw: bytes) -> str:
    return _checked(_tags(xml.parse(raw, "Tagging")))


def _tags(document: Element) -> list[tuple[str, str]]:
    found = []
    for element in document.findall("TagSet/Tag"):
        key, value = element.findtext("Key"), element.findtext("Value")
        if key is None or value is None:
            raise malformed("a Tag has no Key or no Value")
        found.append((key, value))
    return found


def _checked(tags: list[tuple[str, str]], most: int = MOST) -> str:
    if len(tags) > most:
        raise S3Error(400, "BadRequest", f"There are {len(tags)} tags; at most {most} are accepted.")
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
    where = buckets.owned(tx, who, bucket) if version else buckets.opened(tx, who, bucket, object=key)
    found, headers = _found(tx, where, key, version)
    return _shown(found.metadata.get(STORED, "")), headers


def _shown(stored: str) -> dict[str, Any]:
    tags = of_stored(stored)
    return {"TagSet": {"Tag": [{"Key": name, "Value": value} for name, value in sorted(tags.items())]}}


def of_stored(stored: str) -> dict[str, str]:
    return dict(parse_qsl(stored, keep_blank_values=True))


def put(tx: Writing, who: Who, bucket: str, key: str, stored: str, version: str = "") -> dict[str, str]:
    """Replace all tags; an empty text removes them. The object counts as unchanged, as in S3."""
    # As with removals, access lists open the current object alone.
    where = buckets.owned(tx, who, bucket, write=True) if version else buckets.opened(tx, who, bucket, write=True)
    found, headers = _found(tx, where, key, version)
    found.metadata = {name: value for name, value in found.metadata.items() if name != STORED}
    if stored:
        found.metadata[STORED] = stored
    tx.put_object(where, found, None)
    return headers


class BucketTags(Setting):
    def read(self, document: Element) -> str:
        return _checked(_tags(document), MOST_OF_BUCKET)

    def show(self, text: str) -> dict[str, Any]:
        return _shown(text)


OF_BUCKET = BucketTags("tagging", "Tagging", "NoSuchTagSet", "The TagSet does not exist", status=204)
