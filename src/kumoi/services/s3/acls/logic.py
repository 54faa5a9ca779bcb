"""Access lists: canned ones, headers and documents, which all say the grants of the object store. A bucket's list shows what
Swift's lists of the container grant as well, and replaces them when it is set."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kumoi.engines.objects.interface import Container, Object, Reading, Writing
from kumoi.kernel.errors import Forbidden
from kumoi.kernel.who import Who
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import Grant, grants
from kumoi.services.s3 import xml
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.errors import S3Error, denied, invalid, malformed, no_key
from kumoi.services.s3.versions import logic as versions

MOST = 100
_OWN = Grant(grants.OWNER, grants.ALL)
CANNED: dict[str, tuple[Grant, ...]] = {
    "private": (_OWN,),
    "public-read": (Grant(grants.EVERYBODY, grants.READ), _OWN),
    "public-read-write": (Grant(grants.EVERYBODY, grants.READ), Grant(grants.EVERYBODY, grants.WRITE), _OWN),
    "authenticated-read": (Grant(grants.AUTHENTICATED, grants.READ), _OWN),
    # Whoever writes an object, it belongs to the project of its bucket.
    "bucket-owner-read": (_OWN,),
    "bucket-owner-full-control": (_OWN,),
}
_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": grants.EVERYBODY,
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": grants.AUTHENTICATED,
}
_URIS = {group: uri for uri, group in _GROUPS.items()}
_HEADERS = {
    "x-amz-grant-read": grants.READ, "x-amz-grant-write": grants.WRITE, "x-amz-grant-read-acp": grants.READ_LIST,
    "x-amz-grant-write-acp": grants.WRITE_LIST, "x-amz-grant-full-control": grants.ALL,
}  # fmt: skip
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def of_headers(headers: Mapping[str, str]) -> list[Grant] | None:
    """What `x-amz-acl` or `x-amz-grant-…` say; None: nothing."""
    named = {header: headers[header] for header in _HEADERS if header in headers}
    canned = headers.get("x-amz-acl")
    if canned is not None:
        if named:
            raise S3Error(400, "InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed.")
        if canned not in CANNED:
            raise invalid("x-amz-acl", f"there is no access list {canned[:40]!r}; there are {', '.join(CANNED)}.")
        return [*CANNED[canned]]
    if not named:
        return None
    found = []
    for header, text in named.items():
        for each in text.split(","):
            kind, _, value = each.strip().partition("=")
            found.append(Grant(_grantee(kind.strip(), value.strip().strip('"'), header), _HEADERS[header]))
    return _checked(found)


def of_document(raw: bytes) -> list[Grant]:
    document = xml.parse(raw, "AccessControlPolicy")
    listed = document.find("AccessControlList")
    if listed is None or document.find("Owner") is None:
        raise malformed("it needs Owner and AccessControlList")
    found = []
    for element in listed.findall("Grant"):
        grantee, permission = element.find("Grantee"), xml.text_of(element, "Permission")
        if grantee is None or permission not in grants.PERMISSIONS:
            raise malformed("a Grant has no Grantee, or a Permission that does not exist")
        kinds = {"ID": "id", "URI": "uri", "EmailAddress": "emailAddress"}
        named = [(kind, xml.text_of(grantee, name)) for name, kind in kinds.items() if xml.text_of(grantee, name)]
        if len(named) != 1:
            raise malformed("a Grantee has one of ID, URI and EmailAddress")
        found.append(Grant(_grantee(*named[0], "Grantee"), permission))
    return _checked(found)


def _grantee(kind: str, value: str, where: str) -> str:
    if kind == "uri":
        if value not in _GROUPS:
            raise invalid(where, f"there is no group {value[:100]!r}.")
        return _GROUPS[value]
    if kind == "emailAddress":
        raise S3Error(400, "UnresolvableGrantByEmailAddress", f"{where}: projects have no e-mail addresses: use an ID.")
    if kind != "id" or not (value.isascii() and value.replace("-", "").isalnum() and len(value) <= 64):
        raise invalid(where, "a grantee is id=<project>, or uri=<group>.")
    return value


def _checked(found: list[Grant]) -> list[Grant]:
    if len(found) > MOST:
        raise invalid("Grant", f"there are {len(found)} grants; at most {MOST} are accepted.")
    return found


def kept(found: Iterable[Grant] | None) -> dict[str, str]:
    """As metadata."""
    text = grants.OWN if found is None else grants.text(found)
    return {} if text == grants.OWN else {grants.STORED: text}


def of_bucket(tx: Reading, who: Who, bucket: str) -> tuple[Container, list[Grant]]:
    where = _allowed(tx, who, bucket, lambda: buckets.owned(tx, who, bucket), grants.READ_LIST)
    return where, [*grants.of_lists(where.metadata), *_stored(where.metadata)]


def of_object(tx: Reading, who: Who, bucket: str, key: str, version: str = "") -> tuple[Container, list[Grant]]:
    where = _allowed(tx, who, bucket, lambda: buckets.owned(tx, who, bucket), grants.READ_LIST, key, version)
    return where, [*grants.of_lists(where.metadata, object=True), *_stored(_object(tx, where, key, version).metadata)]


def _stored(metadata: Mapping[str, str]) -> list[Grant]:
    return grants.of(metadata) if grants.STORED in metadata else [_OWN]


def check_blocks(where: Container, found: Iterable[Grant]) -> None:
    """S3Error for grants that the bucket does not accept."""
    blocks, found = grants.blocks(where.metadata), list(found)
    owner = (grants.OWNER, object_store.project_of(where.account))
    if grants.ENFORCED in blocks and any(each.grantee not in owner for each in found):
        raise S3Error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
    if grants.BLOCK_LISTS in blocks and grants.is_public(found):
        raise denied("The bucket blocks public access (BlockPublicAcls).")


def put_bucket(tx: Writing, who: Who, bucket: str, found: list[Grant]) -> None:
    where = _allowed(tx, who, bucket, lambda: buckets.owned(tx, who, bucket, write=True), grants.WRITE_LIST)
    check_blocks(where, found)
    buckets.check_name(tx, where, bucket, [each.grantee for each in found])
    rest = grants.without_lists(where.metadata)
    where.metadata = {**rest, **kept(found)}
    object_store.settle_container(tx, where)


def put_object(tx: Writing, who: Who, bucket: str, key: str, found: list[Grant], version: str = "") -> None:
    where = _allowed(
        tx, who, bucket, lambda: buckets.owned(tx, who, bucket, write=True), grants.WRITE_LIST, key, version
    )
    check_blocks(where, found)
    buckets.check_name(tx, where, bucket, [each.grantee for each in found])
    there = _object(tx, where, key, version)
    there.metadata = {**{name: text for name, text in there.metadata.items() if name != grants.STORED}, **kept(found)}
    object_store.settle_object(tx, where, there)


def _allowed(
    tx: Reading, who: Who, bucket: str, own: Callable[[], Container], permission: str, key: str | None = None,
    version: str = "",
) -> Container:  # fmt: skip
    """The bucket, if its project asks, or whom it or this object grants to see or change the list. The lists of versions
    are the project's matter alone."""
    try:
        return own()
    except Forbidden:
        if version:
            raise
        account, name = object_store.meant(tx, who, bucket)
        where = tx.container(account, name)
        if where is None:
            raise
        there = object_store.standing(tx, where, key) if key is not None else where
        if there is None or not grants.let_in(where.metadata, there.metadata, who, permission):
            raise
        return where


def _object(tx: Reading, where: Container, key: str, version: str) -> Object:
    found = versions.find(tx, where, key, version) if version else object_store.standing(tx, where, key)
    if found is None:
        raise no_key(key)
    return found


def shown(where: Container, found: Iterable[Grant], names: Mapping[str, str]) -> dict[str, Any]:
    """The content of AccessControlPolicy."""
    owner = object_store.project_of(where.account)
    every = dict.fromkeys(Grant(owner, each.permission) if each.grantee == grants.OWNER else each for each in found)
    groups_first = sorted(every, key=lambda each: each.grantee not in _URIS)
    return {
        "Owner": _person(owner, names),
        "AccessControlList": {
            "Grant": [
                {"Grantee": _shown_grantee(each.grantee, names), "Permission": each.permission} for each in groups_first
            ]
        },
    }


def _person(id: str, names: Mapping[str, str]) -> dict[str, str]:
    return {"ID": id, "DisplayName": names.get(id, "")}


def _shown_grantee(grantee: str, names: Mapping[str, str]) -> dict[str, str]:
    if grantee in _URIS:
        return {"@xmlns:xsi": _XSI, "@xsi:type": "Group", "URI": _URIS[grantee]}
    return {"@xmlns:xsi": _XSI, "@xsi:type": "CanonicalUser", **_person(grantee, names)}
