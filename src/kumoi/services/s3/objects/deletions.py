"""The request that removes many objects."""

from kumoi.services.s3 import xml
from kumoi.services.s3.errors import malformed
from kumoi.services.s3.objects.logic import MOST_DELETED, Named


def read(raw: bytes) -> tuple[list[Named], bool]:
    """(keys with versions, whether only errors are told)."""
    document = xml.parse(raw, "Delete")
    keys = []
    for element in document.findall("Object"):
        key = element.findtext("Key")
        if not key:
            raise malformed("an Object has no Key")
        keys.append((key, xml.text_of(element, "VersionId")))
    if not 1 <= len(keys) <= MOST_DELETED:
        raise malformed(f"it names {len(keys)} objects; from 1 to {MOST_DELETED} are accepted")
    return keys, xml.text_of(document, "Quiet").lower() == "true"
