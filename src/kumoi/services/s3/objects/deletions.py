"""The request that removes many objects."""

from kumoi.services.s3 import xml
from kumoi.services.s3.errors import malformed
from kumoi.services.s3.objects.logic import MOST_DELETED, Named

_CONDITIONS = {
    "ETag": "if-match",
    "Size": "x-amz-if-match-size",
    "LastModifiedTime": "x-amz-if-match-last-modified-time",
}
"""Element → the header that says the same of one object."""


def read(raw: bytes) -> tuple[list[Named], bool]:
    """(keys with versions, whether only errors are told)."""
    document = xml.parse(raw, "Delete")
    keys: list[Named] = []
    for element in document.findall("Object"):
        key = element.findtext("Key")
        if not key:
            raise malformed("an Object has no Key")
        said = {header: xml.text_of(element, name) for name, header in _CONDITIONS.items()}
        keys.append(
            Named(key, xml.text_of(element, "VersionId"), {header: text for header, text in said.items() if text})
        )
    if not 1 <= len(keys) <= MOST_DELETED:
        raise malformed(f"it names {len(keys)} objects; from 1 to {MOST_DELETED} are accepted")
    return keys, xml.text_of(document, "Quiet").lower() == "true"
