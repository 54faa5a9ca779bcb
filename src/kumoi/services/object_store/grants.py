"""Grants, which S3's access lists give: to a project, to everybody, or to everybody who has credentials. A container has some
for its names and for writes, each object has its own for reads. They count beside `X-Container-Read` and `-Write`, in both
APIs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kumoi.kernel.who import Who
from kumoi.services.object_store import access
from kumoi.services.object_store.limits import HIDDEN

STORED = f"{HIDDEN}grants"
"""The name under which a container or an object stores its grants."""
READ, WRITE, READ_LIST, WRITE_LIST, ALL = "READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"
PERMISSIONS = (READ, WRITE, READ_LIST, WRITE_LIST, ALL)
EVERYBODY, AUTHENTICATED, OWNER = "*", "+", "="
"""Grantees that are no project, and the project of the container, which keeps all rights whether or not a list says so."""
NO_PROJECTS = (EVERYBODY, AUTHENTICATED, OWNER)
OWN = "FULL_CONTROL:="
"""The stored text of a list without outsiders."""
BLOCKS = f"{HIDDEN}blocks"
"""The name under which a container stores what it blocks."""
BLOCK_LISTS, IGNORE_LISTS, RESTRICT = "BlockPublicAcls", "IgnorePublicAcls", "RestrictPublicBuckets"
PARTS = "+segments"
"""The end of the name of the container beside another one in which S3 keeps the parts of unfinished uploads."""
UPLOADS, UPLOADED = "uploads/", "parts/"
"""The beginnings of the names of unfinished uploads and of their parts there."""
ENFORCED = "BucketOwnerEnforced"
"""Nobody is let in by grants."""


@dataclass(frozen=True)
class Grant:
    grantee: str
    """The id of a project, EVERYBODY or AUTHENTICATED."""
    permission: str


def of(metadata: Mapping[str, str]) -> list[Grant]:
    pairs = (each.partition(":") for each in metadata.get(STORED, "").split(",") if each)
    return [Grant(grantee, permission) for permission, _, grantee in pairs]


def text(grants: Iterable[Grant]) -> str:
    """As they are stored; a comma for none at all."""
    return ",".join(dict.fromkeys(f"{each.permission}:{each.grantee}" for each in grants)) or ","


def blocks(container: Mapping[str, str]) -> frozenset[str]:
    """From its metadata."""
    return frozenset(container.get(BLOCKS, "").split(",")) - {""}


def is_private(container: Mapping[str, str]) -> bool:
    """Whether neither everybody nor everybody with credentials is let in, whatever lists say."""
    return bool(blocks(container) & {IGNORE_LISTS, RESTRICT})


def is_public(found: Iterable[Grant]) -> bool:
    return any(each.grantee in (EVERYBODY, AUTHENTICATED) for each in found)


def let_in(container: Mapping[str, str], metadata: Mapping[str, str], who: Who, permission: str) -> bool:
    """`metadata`: of the container or of an object in it."""
    if STORED not in metadata or ENFORCED in blocks(container):
        return False
    grantees = set() if is_private(container) else {EVERYBODY}
    writing = permission in (WRITE, WRITE_LIST)
    if who.user_id and who.project_id and access.may_use_grants(who, writing=writing):
        grantees |= {who.project_id} if is_private(container) else {who.project_id, AUTHENTICATED}
    return any(each.permission in (permission, ALL) and each.grantee in grantees for each in of(metadata))


def of_lists(metadata: Mapping[str, str], *, object: bool = False) -> list[Grant]:
    """What `X-Container-Read` and `-Write` say, as far as grants can: of the container, or of each object in it."""
    read, write = access.parse(metadata.get(access.READ, "")), access.parse(metadata.get(access.WRITE, ""))
    found = [Grant(EVERYBODY, READ)] if "*" in read.referrers and (object or read.listings) else []
    found += [Grant(grantee, READ) for grantee in _projects(read)]
    return found if object else [*found, *(Grant(grantee, WRITE) for grantee in _projects(write))]


def _projects(allowed: access.AccessList) -> list[str]:
    """The projects whose every user is in a list."""
    named = sorted(group.removesuffix(":*") for group in allowed.groups if group.endswith(":*"))
    return [AUTHENTICATED if each == "*" else each for each in named]


def without_lists(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata of a container that is open to nobody else."""
    return {name: text for name, text in metadata.items() if name not in (STORED, access.READ, access.WRITE)}


def without_writers(metadata: Mapping[str, str]) -> dict[str, str]:
    """The opposite of `for_writes`."""
    return {name: text for name, text in metadata.items() if name not in (STORED, access.WRITE)}


def for_writes(metadata: Mapping[str, str], more: Iterable[Grant] = ()) -> dict[str, str]:
    """The metadata that lets the same outsiders write to another container, and those of these grants."""
    writers = [Grant(each.grantee, WRITE) for each in of(metadata) if each.permission in (WRITE, ALL)]
    writers += more
    found = {name: metadata[name] for name in (access.WRITE, BLOCKS) if metadata.get(name)}
    return {**found, STORED: text(writers)} if writers else found
