"""Lists of objects, in both versions of the request."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from kumoi.engines.objects.interface import Container, Listed, ListedVersion, Page, Reading, VersionPage
from kumoi.kernel.who import Who
from kumoi.services.object_store import facade as object_store
from kumoi.services.s3 import asked
from kumoi.services.s3.asked import Parameters
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.errors import invalid
from kumoi.services.s3.versions import logic as ids

MOST = 1000
_decode = msgspec.json.Decoder(object_store.Entry).decode


@dataclass(frozen=True)
class Wanted:
    """A page of a list, as the request asks for it."""

    page: Page
    most: int
    encode: Callable[[str], str]


def token(name: str) -> str:
    """The continuation token of a page that ends with this name."""
    return base64.urlsafe_b64encode(name.encode()).decode()


def of_token(text: str) -> str:
    """Empty for none."""
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise invalid("continuation-token", "it is none of this cloud.") from None


def encoder(given: Parameters) -> Callable[[str], str]:
    kind = given.text("encoding-type")
    if kind not in ("", "url"):
        raise invalid("encoding-type", "only url is accepted.")
    return (lambda text: quote(text, safe="/-._~")) if kind else (lambda text: text)


def wanted(given: Parameters) -> Wanted:
    second = given.text("list-type") == "2"
    if given.text("list-type") not in ("", "2"):
        raise invalid("list-type", "only 2 is accepted.")
    most = given.number("max-keys", MOST, MOST)
    marker = given.text("marker")
    if second:
        last = given.text("continuation-token")
        marker = of_token(last) or given.text("start-after")
    page = Page(limit=most + 1, prefix=given.text("prefix"), delimiter=given.text("delimiter"), marker=marker)
    return Wanted(page, most, encoder(given))


def reply(tx: Reading, who: Who, bucket: str, given: Parameters) -> dict[str, Any]:
    """The content of ListBucketResult."""
    asked_for = wanted(given)
    place = buckets.opened(tx, who, bucket, listing=True)
    rows = tx.objects(place, asked_for.page) if asked_for.most else []
    there = len(rows) > asked_for.most
    rows = rows[: asked_for.most]
    encode, page = asked_for.encode, asked_for.page
    second = given.text("list-type") == "2"
    with_owner = not second or given.text("fetch-owner") == "true"
    last = rows[-1].name if rows and there else ""
    # Clients decode the prefix of the second version alone.
    fields: dict[str, Any] = {"Name": bucket, "Prefix": encode(page.prefix) if second else page.prefix}
    if second:
        fields["StartAfter"] = encode(given.text("start-after")) or None
        fields["ContinuationToken"] = given.text("continuation-token") if "continuation-token" in given else None
        fields["NextContinuationToken"] = token(last) if last else None
        fields["KeyCount"] = len(rows)
    else:
        fields["Marker"] = encode(page.marker)
        fields["NextMarker"] = encode(last) if last and page.delimiter else None
    return {
        **fields,
        "MaxKeys": asked_for.most,
        "Delimiter": encode(page.delimiter) or None,
        "EncodingType": given.text("encoding-type") or None,
        "IsTruncated": there,
        "Contents": [_object(each, encode, who if with_owner else None) for each in rows if each.entry is not None],
        "CommonPrefixes": [{"Prefix": encode(each.name)} for each in rows if each.entry is None],
    }


def _object(listed: Listed, encode: Callable[[str], str], who: Who | None) -> dict[str, Any]:
    entry = _decode(listed.entry or "")
    return {
        "Key": encode(entry.name),
        "LastModified": asked.time_of_entry(entry.last_modified),
        "ETag": f'"{entry.slo_etag.strip(chr(34)) or entry.hash}"',
        "Size": entry.bytes,
        "Owner": buckets.owner(who) if who else None,
        "StorageClass": "STANDARD",
    }


def versions(tx: Reading, who: Who, bucket: str, given: Parameters) -> dict[str, Any]:
    """The content of ListVersionsResult."""
    most, encode = given.number("max-keys", MOST, MOST), encoder(given)
    prefix, delimiter, marker, id = map(given.text, ("prefix", "delimiter", "key-marker", "version-id-marker"))
    if id and not marker:
        raise invalid("version-id-marker", "it needs key-marker.")
    place = buckets.opened(tx, who, bucket, listing=True)
    page = VersionPage(
        limit=most + 1, prefix=prefix, delimiter=delimiter, marker=marker, version_marker=_number(tx, place, marker, id)
    )
    rows = tx.versions(place, page) if most else []
    there, rows = len(rows) > most, rows[:most]
    last = rows[-1] if rows and there else None
    return {
        "Name": bucket, "Prefix": encode(prefix), "KeyMarker": encode(marker), "VersionIdMarker": id,
        "NextKeyMarker": encode(last.name) if last else None,
        "NextVersionIdMarker": object_store.id_of(last) if last and last.entry is not None else None,
        "MaxKeys": most, "Delimiter": encode(delimiter) or None, "EncodingType": given.text("encoding-type") or None,
        "IsTruncated": there,
        "Version": [_version(each, encode, who) for each in rows if each.entry is not None and not each.marker],
        "DeleteMarker": [_version(each, encode, who) for each in rows if each.entry is not None and each.marker],
        "CommonPrefixes": [{"Prefix": encode(each.name)} for each in rows if each.entry is None],
    }  # fmt: skip


def _number(tx: Reading, place: Container, key: str, id: str) -> int | None:
    """Of the version behind which a page begins; None: behind all of its key."""
    if not id:
        return None
    if (number := ids.check_id(place, id, "version-id-marker")) is not None:
        return number
    null = tx.version(place, key, None)
    return null.version if null else object_store.LAST


def _version(listed: ListedVersion, encode: Callable[[str], str], who: Who) -> dict[str, Any]:
    shown = _object(Listed(listed.name, listed.entry), encode, who)
    if listed.marker:
        shown = {name: shown[name] for name in ("Key", "LastModified", "Owner")}
    return {**shown, "VersionId": object_store.id_of(listed), "IsLatest": listed.latest}
