"""Documents that a bucket keeps: each is a parameter of its requests, and one text in the container's metadata."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from kumoi.engines.objects.interface import Container, Reading, Writing
from kumoi.kernel.who import Who
from kumoi.services.object_store import facade as object_store
from kumoi.services.s3 import xml
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.errors import S3Error

LONGEST = 256 << 10
"""Bytes of a document as it is stored."""


class Setting:
    """A document that is stored as it came. Further kinds check it, or store it in another form."""

    def __init__(self, parameter: str, root: str, code: str, message: str, *, status: int = 200) -> None:
        """`code`, `message`: of the 404 of a bucket without it. `status`: of a PUT."""
        self.parameter, self.root, self.code, self.message, self.status = parameter, root, code, message, status
        self.stored = f"{object_store.HIDDEN}s3-{parameter}"

    def read(self, document: Element) -> str:
        """As it is stored; S3Error if it is not valid."""
        return xml.inner(document)

    def show(self, text: str) -> Mapping[str, Any]:
        return {"": xml.Raw(text)}

    def of(self, metadata: Mapping[str, str]) -> str | None:
        return metadata.get(self.stored)

    def changed(self, metadata: Mapping[str, str], text: str | None) -> dict[str, str]:
        """The metadata with this text; None: without any."""
        rest = {name: value for name, value in metadata.items() if name != self.stored}
        return rest if text is None else {**rest, self.stored: text}

    def check(self, bucket: Container, text: str | None) -> None:
        """S3Error if the bucket cannot have this now."""

    def settled(self, tx: Writing, bucket: Container) -> None:
        """After a change."""


def read(raw: bytes, setting: Setting) -> str:
    text = setting.read(xml.parse(raw, setting.root))
    if len(text.encode()) > LONGEST:
        raise S3Error(400, "MaxMessageLengthExceeded", f"{setting.root} may have at most {LONGEST} bytes.")
    return text


def shown(tx: Reading, who: Who, bucket: str, setting: Setting) -> Mapping[str, Any]:
    text = setting.of(buckets.owned(tx, who, bucket).metadata)
    if text is None:
        raise S3Error(404, setting.code, setting.message)
    return setting.show(text)


def put(tx: Writing, who: Who, bucket: str, setting: Setting, text: str | None) -> None:
    """None removes it."""
    where = buckets.owned(tx, who, bucket, write=True)
    setting.check(where, text)
    where.metadata = setting.changed(where.metadata, text)
    object_store.settle_container(tx, where)
    setting.settled(tx, where)
