"""The rules of multipart uploads. An upload and its parts are objects in a container beside the bucket, which expire, so that
their bytes count against quotas and abandoned uploads disappear."""

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kumoi.engines.objects.interface import Container, Object, Page, Reading, Stored, Writing
from kumoi.kernel import clock
from kumoi.kernel.who import Who
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import Described, Found
from kumoi.services.s3 import asked, checksums, xml
from kumoi.services.s3.asked import Parameters
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.errors import S3Error, invalid, malformed, no_upload
from kumoi.services.s3.objects import listing
from kumoi.services.s3.objects import logic as objects
from kumoi.services.s3.parts import logic as parts

LASTS_SECONDS = 7 * 24 * 3600
MOST_PARTS = 10_000
SMALLEST_PART = 5 << 20
"""Bytes of each part but the last."""
_BEGUN_BY = f"{object_store.HIDDEN}s3-begun-by"
"""The name under which an upload stores the project that began it, and its name."""
_MADE_BY = f"{object_store.HIDDEN}s3-upload"
"""The name under which an object stores the id of the upload that made it."""
_SUM = f"{object_store.HIDDEN}s3-sum"
"""The name under which an upload stores the header of its checksum, and how those of parts become one."""
UPLOADS, _PARTS = object_store.grants.UPLOADS, object_store.grants.UPLOADED


class Part(msgspec.Struct):
    """A part as the request that completes the upload names it."""

    number: int
    etag: str
    checksums: dict[str, str]


@dataclass(frozen=True)
class Completing:
    """What becomes one object."""

    said: Described
    parts: list[Found]
    etag: str

    @property
    def size(self) -> int:
        return sum(each.object.size for each in self.parts)


def _marker(key: str, id: str) -> str:
    return f"{UPLOADS}{key}/{id}"


def key_of(marker: str) -> str:
    """The key of an upload, from its name."""
    return marker.removeprefix(UPLOADS).rpartition("/")[0]


def _parts(id: str) -> str:
    return f"{_PARTS}{id}/"


def _opened(tx: Reading, who: Who, bucket: str, key: str, id: str, *, write: bool = False) -> tuple[Container, Object]:
    """(container of the parts, the upload)."""
    objects.check_key(key)
    where = buckets.opened(tx, who, bucket, write=True) if write else buckets.owned(tx, who, bucket)
    place = tx.container(where.account, where.name + buckets.SEGMENTS)
    found = object_store.standing(tx, place, _marker(key, id)) if place else None
    if place is None or found is None:
        raise no_upload(id[:100])
    return place, found


def sum_asked(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """(header, type) of the checksum that an upload is to have; None: none."""
    algorithm, kind = headers.get(checksums.ALGORITHM), headers.get(checksums.TYPE)
    if algorithm is None:
        if kind is not None:
            raise invalid(checksums.TYPE, f"it needs {checksums.ALGORITHM}.")
        return None
    header = checksums.header_of(algorithm)
    return header, checksums.type_of(header, kind)


def sum_of(upload: Object) -> tuple[str, str] | None:
    header, _, kind = upload.metadata.get(_SUM, "").partition(" ")
    return (header, kind) if header else None


def create(tx: Writing, who: Who, bucket: str, key: str, id: str, said: Described, sum: tuple[str, str] | None) -> None:
    objects.check_key(key)
    bucket_there = buckets.opened(tx, who, bucket, write=True)
    place = tx.container(bucket_there.account, bucket_there.name + buckets.SEGMENTS)
    # Who may write to the bucket may write parts.
    by_policy = object_store.policies.writers(bucket_there.metadata)
    shared = object_store.grants.for_writes(bucket_there.metadata, by_policy)
    if place is None or place.metadata != shared:
        name = bucket_there.name + buckets.SEGMENTS
        place = tx.put_container(bucket_there.account, name, shared, bucket_there.policy)
    marker = Object(
        name=_marker(key, id), size=0, etag=hashlib.md5(usedforsecurity=False).hexdigest(),
        content_type=said.content_type or objects.DEFAULT_TYPE, at=tx.now, entry="",
        metadata={**said.metadata, **({_SUM: " ".join(sum)} if sum else {}), _BEGUN_BY: _person(who)},
        delete_at=tx.now // clock.SECOND + LASTS_SECONDS,
    )  # fmt: skip
    object_store.may_put(tx, who, place.account, place.name, marker.name, {}, 0)
    marker.entry = object_store.entry(marker)
    tx.put_object(place, marker, Stored(0, marker.etag, b"", None))


def number_of(given: Parameters) -> int:
    text = given.text("partNumber")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST_PARTS):
        raise invalid("partNumber", f"it is a number from 1 to {MOST_PARTS}.")
    return int(text)


def begun(tx: Reading, who: Who, bucket: str, key: str, id: str) -> Object:
    """The upload, to which the caller may write."""
    return _opened(tx, who, bucket, key, id, write=True)[1]


def may_put_part(tx: Reading, who: Who, bucket: str, key: str, id: str, number: int, size: int) -> None:
    place, _ = _opened(tx, who, bucket, key, id, write=True)
    object_store.may_put(tx, who, place.account, place.name, f"{_parts(id)}{number:05d}", {}, size)


def put_part(
    tx: Writing, who: Who, bucket: str, key: str, id: str, number: int, stored: Stored, sums: Mapping[str, str]
) -> Object:
    place, upload = _opened(tx, who, bucket, key, id, write=True)
    metadata = {objects.SUMS + name: value for name, value in sums.items()}
    said = Described(objects.DEFAULT_TYPE, metadata, upload.delete_at)
    return object_store.put(tx, who, place, f"{_parts(id)}{number:05d}", said, stored)


def abort(tx: Writing, who: Who, bucket: str, key: str, id: str) -> None:
    place, upload = _opened(tx, who, bucket, key, id, write=True)
    remove(tx, place, upload)


def remove(tx: Writing, place: Container, upload: Object) -> None:
    """With its parts."""
    while listed := tx.objects(place, Page(limit=1000, prefix=_parts(upload.name.rpartition("/")[2]))):
        for each in listed:
            tx.remove_object(place, each.name)
    tx.remove_object(place, upload.name)


def read_parts(raw: bytes) -> list[Part]:
    found = []
    for element in xml.parse(raw, "CompleteMultipartUpload").findall("Part"):
        text = xml.text_of(element, "PartNumber")
        if not (text.isascii() and text.isdigit() and len(text) < 6):
            raise malformed("a PartNumber is no number")
        sums = {
            f"x-amz-checksum-{each.tag[len('Checksum') :].lower()}": (each.text or "").strip()
            for each in element
            if str(each.tag).startswith("Checksum")
        }
        found.append(Part(int(text), xml.text_of(element, "ETag").strip('"').lower(), sums))
    if not 1 <= len(found) <= MOST_PARTS:
        raise malformed(f"it names {len(found)} parts; from 1 to {MOST_PARTS} are accepted")
    if any(one.number >= other.number for one, other in itertools.pairwise(found)):
        raise S3Error(400, "InvalidPartOrder", "The parts are not in ascending order.")
    return found


def completing(tx: Reading, who: Who, bucket: str, key: str, id: str, wanted: list[Part]) -> Completing:
    """The parts, which are as the request says."""
    place, upload = _opened(tx, who, bucket, key, id, write=True)
    there = []
    for part in wanted:
        name = f"{_parts(id)}{part.number:05d}"
        found = object_store.standing(tx, place, name)
        if found is None or found.etag != part.etag or not _has_sums(found, part.checksums):
            raise S3Error(400, "InvalidPart", f"Part {part.number} is missing, or has another ETag or checksum.")
        there.append(Found(place, found, tx.data(place, name) if found.place is None else None))
    if small := [each for each in there[:-1] if each.object.size < SMALLEST_PART]:
        raise S3Error(
            400, "EntityTooSmall",
            f"Part {int(small[0].object.name[-5:])} has {small[0].object.size} bytes; at least {SMALLEST_PART} are needed.",
        )  # fmt: skip
    digests = b"".join(bytes.fromhex(each.object.etag) for each in there)
    etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(there)}"
    kept = {name: value for name, value in upload.metadata.items() if name not in (_SUM, _BEGUN_BY)}
    made = {**kept, **_of_parts(upload, there), _MADE_BY: id}
    return Completing(Described(upload.content_type, made, None), there, etag)


def _of_parts(upload: Object, found: list[Found]) -> dict[str, str]:
    """What the object keeps of its parts, and its checksum."""
    sizes, sum = [each.object.size for each in found], sum_of(upload)
    if sum is None:
        return {parts.STORED: parts.text(sizes, "", [])}
    header, kind = sum
    every = [each.object.metadata.get(objects.SUMS + header, "") for each in found]
    if not all(every):
        raise S3Error(400, "InvalidRequest", f"The upload was begun with {header}, but a part has no such checksum.")
    whole = checksums.joined(header, kind, zip(every, sizes, strict=True))
    return {
        parts.STORED: parts.text(sizes, header, every), objects.SUMS + header: whole,
        objects.SUMS + checksums.TYPE: kind,
    }  # fmt: skip


def check_sum(headers: Mapping[str, str], said: Described) -> None:
    """S3Error if the request that completes an upload names another checksum."""
    for header in checksums.HEADERS:
        wanted, made = headers.get(header), said.metadata.get(objects.SUMS + header)
        if wanted is not None and made is not None and wanted.strip() != made:
            raise S3Error(400, "BadDigest", f"{header}: the parts have {made}.")


def completed(tx: Reading, who: Who, bucket: str, key: str, id: str) -> Object | None:
    """What this upload became, if it is still there. A client that did not get the answer asks again."""
    objects.check_key(key)
    found = object_store.standing(tx, buckets.opened(tx, who, bucket, write=True), key)
    return found if found is not None and found.metadata.get(_MADE_BY) == id else None


def _has_sums(found: Object, sums: Mapping[str, str]) -> bool:
    """Whether none of the checksums that are known differs."""
    return all(found.metadata.get(objects.SUMS + name, value) == value for name, value in sums.items())


def complete(
    tx: Writing, who: Who, bucket: str, key: str, id: str, headers: Mapping[str, str], wanted: list[Part],
    joined: Completing, stored: Stored,
) -> Object:  # fmt: skip
    """One object instead of the parts, which are still those that were joined."""
    if completing(tx, who, bucket, key, id, wanted).etag != joined.etag:
        raise S3Error(409, "OperationAborted", "A part was replaced while the parts were joined.")
    place, upload = _opened(tx, who, bucket, key, id, write=True)
    # First the parts go, so that no quota counts their bytes twice.
    remove(tx, place, upload)
    whole = msgspec.structs.replace(stored, etag=joined.etag)
    return objects.put(tx, who, bucket, key, headers, joined.said, whole)


def list_parts(tx: Reading, who: Who, bucket: str, key: str, given: Parameters) -> dict[str, Any]:
    """The content of ListPartsResult."""
    id = given.text("uploadId")
    place, upload = _opened(tx, who, bucket, key, id)
    most = given.number("max-parts", 1000, 1000)
    after = given.number("part-number-marker", 0, MOST_PARTS)
    marker = f"{_parts(id)}{after:05d}" if after else ""
    rows = tx.objects(place, Page(limit=most + 1, prefix=_parts(id), marker=marker))
    there, rows = len(rows) > most, rows[:most]
    found = [each for each in (object_store.standing(tx, place, row.name) for row in rows) if each]
    encode = listing.encoder(given)
    return {
        "Bucket": bucket, "Key": encode(key), "UploadId": id, "Initiator": _initiator(upload), "Owner": buckets.owner(who),
        "StorageClass": "STANDARD", **shown_sum(sum_of(upload)), "PartNumberMarker": after,
        "NextPartNumberMarker": int(rows[-1].name[-5:]) if rows else None, "MaxParts": most, "IsTruncated": there,
        "Part": [
            {
                "PartNumber": int(each.name[-5:]), "LastModified": asked.time(each.at), "ETag": f'"{each.etag}"',
                "Size": each.size, **objects.shown_sums(each, typed=False),
            }
            for each in found
        ],
    }  # fmt: skip


def shown_sum(sum: tuple[str, str] | None) -> dict[str, str]:
    return {"ChecksumAlgorithm": checksums.name_of(sum[0]), "ChecksumType": sum[1]} if sum else {}


def _person(who: Who) -> str:
    return f"{who.project_id or ''} {who.project_name or ''}"


def _initiator(upload: Object) -> dict[str, str]:
    id, _, name = upload.metadata.get(_BEGUN_BY, "").partition(" ")
    return {"ID": id, "DisplayName": name}


def list_uploads(tx: Reading, who: Who, bucket: str, given: Parameters) -> dict[str, Any]:
    """The content of ListMultipartUploadsResult."""
    where = buckets.owned(tx, who, bucket)
    place = tx.container(where.account, where.name + buckets.SEGMENTS)
    most, encode = given.number("max-uploads", 1000, 1000), listing.encoder(given)
    prefix, delimiter, key_marker, id_marker = map(
        given.text, ("prefix", "delimiter", "key-marker", "upload-id-marker")
    )
    if delimiter:
        raise invalid("delimiter", "lists of uploads are not rolled up.")
    marker = _marker(key_marker, id_marker or "\U0010ffff") if key_marker else ""
    rows = tx.objects(place, Page(limit=most + 1, prefix=UPLOADS + prefix, marker=marker)) if place else []
    there, rows = len(rows) > most, rows[:most]
    uploads: list[tuple[Object, str, str]] = []
    for row in rows:
        if place and (each := object_store.standing(tx, place, row.name)):
            key, _, id = row.name.removeprefix(UPLOADS).rpartition("/")
            uploads.append((each, key, id))
    last = uploads[-1] if there and uploads else None
    return {
        "Bucket": bucket, "KeyMarker": encode(key_marker), "UploadIdMarker": id_marker,
        "NextKeyMarker": encode(last[1]) if last else None, "NextUploadIdMarker": last[2] if last else None,
        "Prefix": encode(prefix), "EncodingType": given.text("encoding-type") or None, "MaxUploads": most,
        "IsTruncated": there,
        "Upload": [
            {
                "Key": encode(key), "UploadId": id, "Initiator": _initiator(each), "Owner": buckets.owner(who),
                "StorageClass": "STANDARD", "Initiated": asked.time(each.at), **shown_sum(sum_of(each)),
            }
            for each, key, id in uploads
        ],
    }  # fmt: skip
