"""GetObjectAttributes: what is known of an object, as a document."""

from typing import Any

from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.object_store import facade as object_store
from kumoi.services.s3 import xml
from kumoi.services.s3.asked import Parameters
from kumoi.services.s3.errors import invalid
from kumoi.services.s3.objects import logic
from kumoi.services.s3.parts import logic as parts
from kumoi.services.s3.versions import logic as versions

NAMES = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")
HEADER = "x-amz-object-attributes"


def reply(request: Request, bucket: str, key: str, given: Parameters) -> Reply:
    wanted = {each.strip() for each in request.headers.get(HEADER, "").split(",")} - {""}
    if not wanted or not wanted <= set(NAMES):
        raise invalid(HEADER, f"it names one or more of {', '.join(NAMES)}.")
    id = given.text("versionId")
    most, after = (_number(request, name) for name in ("max-parts", "part-number-marker"))
    found = object_store.look(request, lambda tx: logic.found(tx, request.who, bucket, key, id, bytes_too=False))
    there = found.object
    every: dict[str, Any] = {
        "ETag": there.etag, "Checksum": logic.shown_sums(there) or None, "StorageClass": "STANDARD",
        "ObjectSize": there.size,
    }  # fmt: skip
    if (made := parts.of(there)) is not None:
        every["ObjectParts"] = parts.shown(made, after or 0, 1000 if most is None else min(most, 1000))
    fields = {name: every.get(name) for name in NAMES if name in wanted}
    headers = logic.headers_of(there, found.version, with_sums=False)
    headers = {name: headers[name] for name in ("Last-Modified", versions.HEADER) if name in headers}
    return xml.reply("GetObjectAttributesResponse", fields, headers=headers)


def _number(request: Request, name: str) -> int | None:
    text = request.headers.get(f"x-amz-{name}")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise invalid(f"x-amz-{name}", f"{text[:40]!r} is no number.")
    return int(text)
