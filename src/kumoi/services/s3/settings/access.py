"""Settings that narrow the access lists of a bucket: PublicAccessBlock and OwnershipControls. The object store heeds both, so
that they hold for Swift's API too."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from kumoi.engines.objects.interface import Container
from kumoi.services.object_store.facade import grants
from kumoi.services.s3 import xml
from kumoi.services.s3.errors import S3Error, absent, malformed
from kumoi.services.s3.settings.logic import Setting

_BLOCKS = (grants.BLOCK_LISTS, grants.IGNORE_LISTS, "BlockPublicPolicy", grants.RESTRICT)
PREFERRED, WRITER = "BucketOwnerPreferred", "ObjectWriter"
_SET = "set"
"""Is stored when none is blocked."""


class Narrowing(Setting):
    """Some names among those that the container blocks."""

    names: tuple[str, ...]

    def of(self, metadata: Mapping[str, str]) -> str | None:
        found = [each for each in metadata.get(grants.BLOCKS, "").split(",") if each in self.names]
        return ",".join(found) if found else None

    def changed(self, metadata: Mapping[str, str], text: str | None) -> dict[str, str]:
        others = [each for each in metadata.get(grants.BLOCKS, "").split(",") if each and each not in self.names]
        found = ",".join([*others, *((text or "").split(",") if text else [])])
        rest = {name: value for name, value in metadata.items() if name != grants.BLOCKS}
        return {**rest, grants.BLOCKS: found} if found else rest


class PublicAccessBlock(Narrowing):
    names = (*_BLOCKS, _SET)

    def read(self, document: Element) -> str:
        for element in document:
            if element.tag not in _BLOCKS or (element.text or "").strip().lower() not in ("true", "false"):
                raise malformed(f"{str(element.tag)[:40]} is none of {', '.join(_BLOCKS)}, or neither true nor false")
        return ",".join([_SET, *(name for name in _BLOCKS if xml.text_of(document, name).lower() == "true")])

    def show(self, text: str) -> dict[str, Any]:
        return {name: name in text.split(",") for name in _BLOCKS}


class Ownership(Narrowing):
    names = (grants.ENFORCED, PREFERRED)

    def read(self, document: Element) -> str:
        found = [xml.text_of(element, "ObjectOwnership") for element in document.findall("Rule")]
        if len(found) != 1:
            raise malformed("OwnershipControls have one Rule")
        return owner(found[0])

    def show(self, text: str) -> dict[str, Any]:
        return {"Rule": {"ObjectOwnership": text}}

    def check(self, bucket: Container, text: str | None) -> None:
        others = [each for each in grants.of(bucket.metadata) if each.grantee != grants.OWNER]
        if text == grants.ENFORCED and others:
            raise S3Error(
                400,
                "InvalidBucketAclWithObjectOwnership",
                "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced",
            )


def owner(text: str) -> str:
    """ObjectOwnership; S3Error for what is none, or not there."""
    if text == WRITER:
        raise absent("ObjectOwnership ObjectWriter: objects belong to the project of their bucket, and it")
    if text not in Ownership.names:
        raise malformed(f"ObjectOwnership is {' or '.join(Ownership.names)}")
    return text


def of_header(headers: Mapping[str, str]) -> dict[str, str]:
    """What the request that creates a bucket says, as metadata."""
    text = headers.get("x-amz-object-ownership")
    return {grants.BLOCKS: owner(text)} if text is not None else {}


BLOCKS = PublicAccessBlock(
    "publicAccessBlock", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration",
    "The public access block configuration was not found",
)  # fmt: skip
OWNERSHIP = Ownership(
    "ownershipControls", "OwnershipControls", "OwnershipControlsNotFoundError",
    "The bucket ownership controls were not found",
)  # fmt: skip
