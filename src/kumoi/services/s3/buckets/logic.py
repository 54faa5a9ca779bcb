"""The rules of buckets."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kumoi.engines.objects.interface import Container, Page, Reading, Versioning, Writing
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.who import Who
from kumoi.services.object_store import facade as object_store
from kumoi.services.s3 import asked, xml
from kumoi.services.s3.errors import S3Error, absent, malformed, no_bucket

SEGMENTS = object_store.grants.PARTS
"""The end of the names of containers for the parts of uploads. They are no buckets."""
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
MOST_LISTED = 10_000


def opened(
    tx: Reading, who: Who, name: str, *, write: bool = False, listing: bool = False, object: str | None = None
) -> Container:
    """The bucket, to write to it, to see its names, or to read this object."""
    if name.endswith(SEGMENTS):
        raise no_bucket(name)
    try:
        return object_store.open_to(tx, who, name, write=write, listing=listing, object=object)
    except NotFound:
        raise no_bucket(name) from None


def owned(tx: Reading, who: Who, name: str, *, write: bool = False) -> Container:
    """The bucket, for its settings, which are its project's matter."""
    if name.endswith(SEGMENTS):
        raise no_bucket(name)
    try:
        return object_store.settings_of(tx, who, name, write=write)
    except NotFound:
        raise no_bucket(name) from None


def create(tx: Writing, who: Who, name: str, metadata: Mapping[str, str], copied_to: str = "") -> None:
    """`copied_to`: the setting `container_copies`."""
    if not _NAME.fullmatch(name) or any(pair in name for pair in ("..", ".-", "-.")) or _ADDRESS.fullmatch(name):
        raise S3Error(
            400, "InvalidBucketName",
            "A name has 3 to 63 lower-case letters, digits, dots and hyphens, and begins and ends with a letter or digit.",
        )  # fmt: skip
    if not object_store.create_container(tx, who, name, copied_to):
        raise S3Error(409, "BucketAlreadyOwnedByYou", "Your project already has a bucket of this name.")
    if metadata:
        made = owned(tx, who, name, write=True)
        check_name(tx, made, name, [each.grantee for each in object_store.grants.of(metadata)])
        made.metadata |= metadata
        object_store.settle_container(tx, made)


def check_name(tx: Reading, where: Container, asked_for: str, grantees: Iterable[str]) -> None:
    """S3Error if some of these are others, who find another project's bucket under the name of this one. They might read and
    write there unawares. `asked_for`: the name in the request; one with the project in it is meant so."""
    holder, project = object_store.holder(tx, where.name), object_store.project_of(where.account)
    own = (object_store.grants.OWNER, project)
    if asked_for != where.name or holder in (None, where.account):
        return
    if any(each not in own for each in grantees):
        raise S3Error(
            409, "BucketAlreadyExists",
            f"Others find another project's bucket under the name {where.name}, which was opened to them before. Nothing was "
            f"changed. This one is {project}:{where.name} for them: say that in the request, or choose another name.",
        )  # fmt: skip


def remove(tx: Writing, who: Who, name: str) -> None:
    """Unfinished uploads go with it."""
    bucket = owned(tx, who, name, write=True)
    if bucket.objects or bucket.versions:
        raise S3Error(
            409, "BucketNotEmpty", "The bucket has objects, old versions or delete markers: delete them first."
        )
    object_store.remove_container(tx, who, bucket.account, bucket.name)


def listed(tx: Reading, who: Who, prefix: str, after: str, most: int) -> tuple[list[Container], bool]:
    """(a page, whether there is more)."""
    object_store.check_reader(who)
    found: list[Container] = []
    page = Page(limit=most + 1, prefix=prefix, marker=after)
    while True:
        rows = tx.containers(object_store.account_of(who), page)
        found += [row for name, row in rows if row is not None and not name.endswith(SEGMENTS)]
        if len(found) > most or len(rows) < page.limit:
            return found[:most], len(found) > most
        page.marker = rows[-1][0]


def owner(who: Who) -> dict[str, Any]:
    """The project, as the owner of everything in it."""
    return {"ID": who.project_id, "DisplayName": who.project_name}


def shown(bucket: Container) -> dict[str, Any]:
    return {"Name": bucket.name, "CreationDate": asked.time(bucket.created_at)}


def versioning(tx: Reading, who: Who, name: str) -> dict[str, Any]:
    """The content of VersioningConfiguration."""
    status = owned(tx, who, name).versioning.capitalize()
    return {"Status": status} if status else {}


def read_versioning(raw: bytes) -> Versioning:
    document = xml.parse(raw, "VersioningConfiguration")
    if xml.text_of(document, "MfaDelete") == "Enabled":
        raise absent("MfaDelete")
    status = xml.text_of(document, "Status")
    if status not in ("Enabled", "Suspended"):
        raise malformed("Status is neither Enabled nor Suspended")
    return Versioning(status.lower())


def set_versioning(tx: Writing, who: Who, name: str, wanted: Versioning) -> None:
    where = owned(tx, who, name, write=True)
    try:
        object_store.set_versioning(tx, where, wanted)
    except BadRequest:
        problem = "The bucket keeps old versions in another container, or is copied to another cloud or from one."
        raise S3Error(409, "InvalidBucketState", problem) from None
