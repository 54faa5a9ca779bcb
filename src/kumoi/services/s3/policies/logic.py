"""A bucket's policy: a document in JSON that says who may list, read and write. What else one can say is refused by name."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from kumoi.engines.objects.interface import Container, Reading, Writing
from kumoi.kernel.errors import Forbidden
from kumoi.kernel.who import Who
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import grants
from kumoi.services.object_store.facade import policies as rights
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.errors import S3Error, absent, denied

LONGEST = 20 << 10
"""Bytes of a policy, as in Amazon's S3."""
MOST = 500
"""Rights of a policy. Principals, actions and resources multiply."""
DOCUMENT = f"{object_store.HIDDEN}s3-policy"
"""The name under which a bucket stores the document."""
_ARN, _ACCOUNTS = "arn:aws:s3:::", "arn:aws:iam::"
_OF_BUCKET = {"s3:listbucket": rights.LIST, "s3:getbucketlocation": rights.LOCATION}
_OF_OBJECTS = {"s3:getobject": rights.READ}
_WRITES = {"s3:putobject", "s3:deleteobject"}
"""There is one right for both."""
_ALSO_WRITES = {"s3:abortmultipartupload"}
_FIELDS = {"Sid", "Effect", "Principal", "Action", "Resource"}
_ABSENT = ("Condition", "NotAction", "NotPrincipal", "NotResource")


def malformed(problem: str) -> S3Error:
    return S3Error(400, "MalformedPolicy", problem)


def read(raw: bytes, bucket: str) -> list[rights.Right]:
    """The rights that a policy of this bucket gives."""
    if len(raw) > LONGEST:
        raise malformed(f"Policies cannot exceed {LONGEST} bytes.")
    try:
        document: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise malformed("Policies must be valid JSON and the first byte must be '{'")
    if unknown := sorted(document.keys() - {"Version", "Id", "Statement"}):
        raise malformed(f"Unknown field {unknown[0][:100]}")
    if document.get("Version", "2012-10-17") not in ("2008-10-17", "2012-10-17"):
        raise malformed("The policy must contain a valid version string")
    statements = document.get("Statement")
    statements = statements if isinstance(statements, list) else [statements]
    if not statements or not all(isinstance(each, dict) for each in statements):
        raise malformed("Missing required field Statement")
    found = dict[rights.Right, None]()
    for right in (right for each in statements for right in _statement(each, bucket)):
        found[right] = None
        if len(found) > MOST:
            raise malformed(f"The policy gives more than {MOST} rights: each is one principal, action and resource.")
    return list(found)


def _statement(said: dict[str, Any], bucket: str) -> Iterator[rights.Right]:
    for name in _ABSENT:
        if name in said:
            raise absent(f"{name} in a bucket policy")
    if unknown := sorted(said.keys() - _FIELDS):
        raise malformed(f"Unknown field {unknown[0][:100]}")
    if said.get("Effect") not in ("Allow", "Deny"):
        raise malformed(f"Invalid effect: {str(said.get('Effect'))[:100]}")
    if said["Effect"] == "Deny":
        raise absent("Effect Deny in a bucket policy")
    grantees = [_grantee(each) for each in _principals(said.get("Principal"))]
    actions = {each.lower(): each for each in _texts(said, "Action")}
    named, whole = [], False
    for resource in _texts(said, "Resource"):
        here = resource.removeprefix(_ARN)
        if here == resource or here.partition("/")[0] != bucket:
            raise malformed("Policy has invalid resource")
        whole = whole or here == bucket
        if here != bucket:
            named.append(_names(here.partition("/")[2]))
    for kind, name, exact in _kinds(actions, named, whole=whole):
        yield from (rights.Right(grantee, kind, name, exact) for grantee in grantees)


def _kinds(
    actions: Mapping[str, str], named: list[tuple[str, bool]], *, whole: bool
) -> Iterator[tuple[str, str, bool]]:
    """(kind of a right, name of objects, whether it is exact)."""
    for lower, action in actions.items():
        if not lower.startswith("s3:"):
            raise malformed("Policy has invalid action")
        if lower not in {*_OF_BUCKET, *_OF_OBJECTS, *_WRITES, *_ALSO_WRITES}:
            raise absent(f"The action {action[:100]} in a bucket policy")
        if not (whole if lower in _OF_BUCKET else named):
            raise malformed(f"Action does not apply to any resource(s) in statement: {action}")
        if lower in _OF_BUCKET:
            yield _OF_BUCKET[lower], "", False
        elif lower in _OF_OBJECTS:
            yield from ((_OF_OBJECTS[lower], name, exact) for name, exact in named)
    writes = actions.keys() & {*_WRITES, *_ALSO_WRITES}
    if writes and not actions.keys() >= _WRITES:
        raise absent("In a bucket policy one of s3:PutObject and s3:DeleteObject without the other")
    if writes and ("", False) not in named:
        raise absent("In a bucket policy the right to write some objects and not all")
    if writes:
        yield rights.WRITE, "", False


def _names(text: str) -> tuple[str, bool]:
    """(name or its beginning, whether it is the whole name)."""
    name = text.removesuffix("*")
    if "*" in name or "?" in name or not text:
        raise absent(f"In a bucket policy the resource {text[:100]!r}: a * is at the end, and it")
    return name, name == text


def _texts(said: dict[str, Any], name: str) -> list[str]:
    found = said.get(name)
    found = found if isinstance(found, list) else [found]
    if not found or not all(isinstance(each, str) and each for each in found):
        raise malformed(f"Missing required field {name}")
    return found


def _principals(said: Any) -> list[Any]:
    if isinstance(said, dict) and said.keys() == {"AWS"}:
        said = said["AWS"]
        return said if isinstance(said, list) and said else [said]
    return [said]


def _grantee(said: Any) -> str:
    if said == "*":
        return grants.EVERYBODY
    if not isinstance(said, str):
        raise malformed("Invalid principal in policy")
    name = said.removeprefix(_ACCOUNTS).removesuffix(":root") if said.startswith(_ACCOUNTS) else said
    if not (name.isascii() and name.replace("-", "").isalnum() and len(name) <= 64):
        if said.startswith(_ACCOUNTS):
            raise absent(f"In a bucket policy the principal {said[:100]}: a project is one, a user of it")
        raise malformed("Invalid principal in policy")
    return name


def grants_of(found: Iterable[rights.Right]) -> list[grants.Grant]:
    """The same as grants, as far as these name somebody."""
    return [grants.Grant(each.grantee, each.kind) for each in found]


def put(tx: Writing, who: Who, bucket: str, raw: bytes, found: list[rights.Right]) -> None:
    """`found`: what `read` found, all of whose grantees exist."""
    where = buckets.owned(tx, who, bucket, write=True)
    if rights.is_public(tuple(found)) and "BlockPublicPolicy" in grants.blocks(where.metadata):
        raise denied("The bucket blocks public policies (BlockPublicPolicy).")
    buckets.check_name(tx, where, bucket, [each.grantee for each in found])
    kept = {DOCUMENT: raw.decode(), rights.STORED: msgspec.json.encode(found).decode()}
    where.metadata = {**where.metadata, **kept}
    object_store.settle_container(tx, where)


def remove(tx: Writing, who: Who, bucket: str) -> None:
    where = buckets.owned(tx, who, bucket, write=True)
    where.metadata = {name: text for name, text in where.metadata.items() if name not in (DOCUMENT, rights.STORED)}
    object_store.settle_container(tx, where)


def shown(tx: Reading, who: Who, bucket: str) -> bytes:
    return _document(buckets.owned(tx, who, bucket)).encode()


def status(tx: Reading, who: Who, bucket: str) -> dict[str, Any]:
    """The content of PolicyStatus."""
    where = buckets.owned(tx, who, bucket)
    _document(where)
    return {"IsPublic": rights.is_public(rights.of(where.metadata))}


def _document(where: Container) -> str:
    text = where.metadata.get(DOCUMENT)
    if text is None:
        raise S3Error(404, "NoSuchBucketPolicy", "The bucket policy does not exist")
    return text


def check_location(tx: Reading, who: Who, bucket: str) -> None:
    """Refuses callers who may not see the bucket's region."""
    try:
        buckets.owned(tx, who, bucket)
    except Forbidden:
        account, name = object_store.meant(tx, who, bucket)
        where = tx.container(account, name)
        if where is None or not rights.let_in(where.metadata, who, rights.LOCATION):
            raise
